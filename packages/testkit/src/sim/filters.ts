import type { FilterOffer, IsolateKind } from "@planwire/worker/core";
import type { Value } from "@planwire/protocol";

/** What a simulated filter does when it is called. Times in virtual milliseconds. */
export interface Behaviour {
  readonly isolate: IsolateKind;
  readonly leastMs: number;
  readonly mostMs: number;
  readonly end: "output" | "error" | "errorAtFirst" | "isolateDies" | "workerDies";
  /** Heeds its signal. */
  readonly obeys: boolean;
  readonly progress?: boolean;
}

const QUICK = { leastMs: 1, mostMs: 40, end: "output", obeys: true } as const;
const SLOW = { leastMs: 300, mostMs: 4_000, end: "output", obeys: true } as const;

export const FILTERS: Readonly<Record<string, Behaviour>> = {
  quick: { ...QUICK, isolate: "thread" },
  slow: { ...SLOW, isolate: "thread" },
  chatty: { ...SLOW, isolate: "thread", progress: true },
  inline: { ...QUICK, isolate: "inline" },
  "slow-inline": { ...SLOW, isolate: "inline" },
  fails: { ...QUICK, isolate: "thread", end: "error" },
  /** Fails in the first attempt of its part, and not in later ones. */
  flaky: { ...QUICK, isolate: "thread", end: "errorAtFirst" },
  "kills-isolate": { ...QUICK, isolate: "thread", end: "isolateDies" },
  "kills-worker": { ...QUICK, isolate: "inline", end: "workerDies" },
  stubborn: { isolate: "thread", leastMs: 2_000, mostMs: 9_000, end: "output", obeys: false },
  "stubborn-inline": {
    isolate: "inline",
    leastMs: 2_000,
    mostMs: 9_000,
    end: "output",
    obeys: false,
  },
  /** Only the kill of its isolate ends it. */
  stuck: { isolate: "thread", leastMs: 1e9, mostMs: 1e9, end: "output", obeys: false },
  /** Only a cancel ends it. */
  "endless-inline": {
    isolate: "inline",
    leastMs: 1e9,
    mostMs: 1e9,
    end: "output",
    obeys: true,
  },
  endless: { isolate: "thread", leastMs: 1e9, mostMs: 1e9, end: "output", obeys: true },
};

/** Filters that do not end by themselves: who has such a plan must cancel it. */
export const ENDLESS: ReadonlySet<string> = new Set(["endless", "stuck"]);

export const OFFERS: readonly FilterOffer[] = Object.entries(FILTERS).map(
  ([name, { isolate }]) => ({
    name,
    kind: "Stateless",
    streamMode: "FixedState",
    isolate,
  }),
);

/** What a filter gives at a node: who knows the plan can tell what its output must be. */
export function outputAt(nodeId: string, input: Value): Value {
  return { type: "Json", data: `${nodeId}(${plainText(input)})` };
}

export function plainText(value: Value): string {
  switch (value.type) {
    case "Json":
      return typeof value.data === "string" ? value.data : JSON.stringify(value.data);
    case "Record":
      return `{${value.data.map(([key, member]) => `${key}:${plainText(member)}`).join(",")}}`;
    case "Text":
      return value.data;
    case "Empty":
      return "";
    default:
      return value.type;
  }
}
