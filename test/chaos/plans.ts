// The plans that are run: what each is, what must come of it, and which calls it takes.
import type { PlanDocument } from "planwire";
import type { Chance } from "../chance.js";

export type Kind =
  | "single"
  | "blocking"
  | "inline"
  | "apart"
  | "rare"
  | "chain"
  | "loop"
  | "spread"
  | "fit"
  | "killsWorker"
  | "killsIsolate"
  | "killsThread"
  | "endless"
  | "stubborn"
  | "stubbornApart";

export interface Ordered {
  readonly id: string;
  readonly kind: Kind;
  readonly document: PlanDocument;
  /** Nodes whose states come with the output. */
  readonly states: readonly string[];
  /** The output's n when it succeeds. */
  readonly n: number;
  /** Calls of each node in one pass through the plan. */
  readonly calls: ReadonlyMap<string, number>;
  /** How many it is cut into. */
  readonly parts: number;
  /** Codes with which it may fail. */
  readonly mayFail: readonly string[];
  /** Its filter kills the isolate that runs it: it is tried again although its worker is well. */
  readonly killsIsolates: boolean;
  /** It ends by a cancel only. */
  readonly isEndless: boolean;
}

interface Shape {
  readonly plan: unknown;
  readonly filters: Readonly<Record<string, string>>;
  readonly grows: number;
  readonly times?: number;
  readonly mayFail?: readonly string[];
  readonly isEndless?: boolean;
  readonly edges?: Readonly<Record<string, readonly string[]>>;
  /** It is a fit: each node is fitted, then forwarded. */
  readonly isFit?: boolean;
}

const step = (node_id: string) => ({ Execute: { node_id } });
const onTag = (Tag: string, node_id: string) => ({
  Remote: { node_id: `${node_id}-there`, target: { Tag }, plan: step(node_id) },
});
const single = (filter: string): Shape => ({ plan: step("a"), filters: { a: filter }, grows: 1 });

const LOOPS = 3;
const POISON = ["POISON_PLAN"];
const SHAPES: Readonly<Record<Kind, Shape>> = {
  single: single("count"),
  blocking: single("count-blocking"),
  inline: single("count-inline"),
  apart: single("count-apart"),
  rare: single("count-rare"),
  chain: {
    plan: { Sequence: [step("a"), step("b"), step("c")] },
    filters: { a: "count", b: "count-blocking", c: "count" },
    grows: 3,
  },
  loop: {
    plan: { Loop: { node_id: "again", body: step("a"), max_iterations: LOOPS } },
    filters: { a: "count" },
    grows: LOOPS,
    times: LOOPS,
  },
  // Cut into parts, on whichever workers have the tags.
  spread: {
    plan: {
      Sequence: [step("a"), { Parallel: [onTag("odd", "b"), onTag("even", "c")] }, step("d")],
    },
    filters: { a: "count", b: "count", c: "count", d: "join" },
    grows: 0, // see `growth`
  },
  // Each node is a part of its own, for its edges.
  fit: {
    plan: { Sequence: [step("a"), onTag("odd", "b")] },
    filters: { a: "learn", b: "learn" },
    edges: { b: ["a"] },
    grows: 2,
    times: 2,
    isFit: true,
  },
  killsWorker: single("kills-worker-once"),
  killsIsolate: { ...single("kills-itself"), mayFail: POISON },
  killsThread: { ...single("kills-thread"), mayFail: POISON },
  endless: { ...single("endless"), isEndless: true },
  stubborn: { ...single("stubborn"), isEndless: true },
  stubbornApart: { ...single("stubborn-apart"), isEndless: true },
};

export function order(id: string, kind: Kind, n: number, ms: number): Ordered {
  const shape = SHAPES[kind];
  const { plan, filters, edges, grows, times = 1, mayFail = [], isEndless = false } = shape;
  const mode = shape.isFit ? { Fit: { y: null } } : "Forward";
  const bindings = Object.entries(filters).map(([node_id, uses]) => ({ node_id, uses }));
  const input = { source: "Inline", value: { type: "Json", data: { n, ms } } };
  return {
    id,
    kind,
    document: { plan_id: id, plan, input, bindings, mode, ...(edges && { edges }) },
    states: shape.isFit ? Object.keys(filters) : [],
    // Both arms of a spread begin with n + 1, and are joined by their sum.
    n: kind === "spread" ? 2 * (n + 2) + 1 : n + grows,
    calls: new Map(Object.keys(filters).map((node) => [node, times])),
    parts: PARTS[kind] ?? 1,
    mayFail,
    killsIsolates: mayFail === POISON,
    isEndless,
  };
}

const PARTS: Partial<Record<Kind, number>> = { spread: 4, fit: 2 };

/** Mostly small ones, and some of each kind. */
const USUAL: readonly Kind[] = [
  ...Array<Kind>(6).fill("single"),
  "blocking",
  "inline",
  "apart",
  "rare",
  "chain",
  "chain",
  "loop",
  "spread",
  "fit",
];

export function orderAny(chance: Chance, prefix: string, count: number, mostMs: number): Ordered[] {
  return Array.from({ length: count }, (_, index) =>
    order(`${prefix}-${index}`, chance.pick(USUAL), index, chance.between(0, mostMs)),
  );
}
