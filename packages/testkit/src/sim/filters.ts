import type { FilterOffer, IsolateKind } from "@planwire/worker/core";
import type { JsonValue, Value } from "@planwire/protocol";

/** What a simulated filter does when it is called. Times in virtual milliseconds. */
export interface Behaviour {
  readonly isolate: IsolateKind;
  readonly leastMs: number;
  readonly mostMs: number;
  readonly end: "output" | "error" | "errorAtFirst" | "isolateDies" | "workerDies";
  /** Heeds its signal. */
  readonly obeys: boolean;
  readonly progress?: boolean;
  /** What its output says to a Branch or a Loop; nothing, unless given. */
  readonly says?: "arm" | "yesOrNo" | "enough";
  /** Has a fit, and runs with the state that it made. */
  readonly isTrainable?: boolean;
}

const FOR_EVER_MS = 1e9;
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
  stuck: {
    isolate: "thread",
    leastMs: FOR_EVER_MS,
    mostMs: FOR_EVER_MS,
    end: "output",
    obeys: false,
  },
  /** Only a cancel ends it. */
  "endless-inline": {
    isolate: "inline",
    leastMs: FOR_EVER_MS,
    mostMs: FOR_EVER_MS,
    end: "output",
    obeys: true,
  },
  endless: {
    isolate: "thread",
    leastMs: FOR_EVER_MS,
    mostMs: FOR_EVER_MS,
    end: "output",
    obeys: true,
  },
  sorts: { ...QUICK, isolate: "thread", says: "arm" },
  "sorts-slowly": { ...SLOW, isolate: "thread", says: "arm" },
  asks: { ...QUICK, isolate: "inline", says: "yesOrNo" },
  enough: { ...QUICK, isolate: "thread", says: "enough" },
  "enough-slowly": { ...SLOW, isolate: "thread", says: "enough" },
  learns: { ...QUICK, isolate: "thread", isTrainable: true },
  "learns-slowly": { ...SLOW, isolate: "thread", isTrainable: true },
};

/** The labels that a filter which says an arm chooses from. */
export const ARMS = ["left", "right", "middle"] as const;

const ENDS_WELL: ReadonlySet<Behaviour["end"]> = new Set(["output", "errorAtFirst"]);

/** Whatever is tried, nothing comes out of it. */
export function neverSucceeds(filter: string): boolean {
  const behaviour = FILTERS[filter];
  return (
    behaviour === undefined || behaviour.leastMs >= FOR_EVER_MS || !ENDS_WELL.has(behaviour.end)
  );
}

/** What peers of the inherited wire run: the filter itself comes with the plan. */
export function pickle(filter: string): string {
  return Buffer.from(filter).toString("base64");
}

export function unpickle(pickled: string): string {
  return Buffer.from(pickled, "base64").toString();
}

/** What runs at a node that has neither a binding nor a pickled filter: the id names it, up to a dot. */
export function filterNamedBy(nodeId: string): string {
  return nodeId.split(".", 1)[0] ?? nodeId;
}

/** Filters that do not end by themselves: who has such a plan must cancel it. */
export const ENDLESS: ReadonlySet<string> = new Set(["endless", "stuck"]);

export const OFFERS: readonly FilterOffer[] = Object.entries(FILTERS).map(
  ([name, { isolate, isTrainable }]) => ({
    name,
    kind: isTrainable === true ? "Trainable" : "Stateless",
    streamMode: "FixedState",
    isolate,
  }),
);

/** What a filter gives at a node: who knows the plan can tell what its output must be. What it says to a Branch or a Loop follows from its input, too. */
export function outputAt(nodeId: string, filter: string, input: Value, state?: Value): Value {
  const fitted = state === undefined ? "" : `[${plainText(state)}]`;
  const text = `${nodeId}${fitted}(${shortened(plainText(input))})`;
  return { type: "Json", data: saidBy(FILTERS[filter], text) };
}

function saidBy(behaviour: Behaviour | undefined, text: string): JsonValue {
  const roll = hashOf(text);
  switch (behaviour?.says) {
    case "arm":
      return { branch: ARMS[roll % ARMS.length] ?? "", text };
    case "yesOrNo":
      return roll % 2 === 0;
    case "enough":
      return { done: roll % 3 === 0, text };
    case undefined:
      return text;
  }
}

/** What a fit makes at a node. */
export function stateAt(nodeId: string, input: Value, y: Value | undefined): Value {
  const labels = y === undefined ? "" : plainText(y);
  return { type: "Json", data: `${nodeId} of ${shortened(plainText(input))};${labels}` };
}

const LONGEST_TEXT = 120;

/** Loops and arms would make texts grow without end; what is left out still tells two of them apart. */
function shortened(text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  return `${text.slice(0, LONGEST_TEXT)}~${hashOf(text).toString(16)}`;
}

/** FNV-1a: the same everywhere, and spread well enough to decide by. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}

export function plainText(value: Value): string {
  switch (value.type) {
    case "Json":
      return textOfJson(value.data);
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

function textOfJson(json: JsonValue): string {
  if (typeof json === "string") return json;
  if (typeof json !== "object" || json === null || Array.isArray(json)) return JSON.stringify(json);
  const members = Object.entries(json).map(([key, member]) => `${key}:${textOfJson(member)}`);
  return `{${members.join(",")}}`;
}
