import type { JsonValue, Value } from "@planwire/protocol";

/** Filters by node id whose answers depend on nothing but what they are given. */
export interface FakeFilters {
  forward(nodeId: string, input: Value, state: Value | undefined): Value;
  fit(nodeId: string, input: Value): Value;
  cached(nodeId: string): Value;
}

export class FakeFailure extends Error {
  readonly nodeId: string;

  constructor(nodeId: string) {
    super(`${nodeId} fails`);
    this.nodeId = nodeId;
  }
}

/** Their answers pick arms and stop loops now and then. Those in `failing` throw a FakeFailure. */
export function fakeFilters(failing: ReadonlySet<string> = new Set()): FakeFilters {
  const orThrow = (nodeId: string, answer: Value): Value => {
    if (failing.has(nodeId)) throw new FakeFailure(nodeId);
    return answer;
  };
  return {
    forward: (nodeId, input, state) =>
      orThrow(nodeId, answerTo([nodeId, input, state ?? null] as JsonValue)),
    fit: (nodeId, input) =>
      orThrow(nodeId, { type: "Text", data: `state ${hash([nodeId, input] as JsonValue)}` }),
    cached: (nodeId) => answerTo(["cached", nodeId]),
  };
}

export const LABELS = ["x", "y", "true", "false", "default", "else"] as const;

const SIGNALS: Value[] = [
  ...LABELS.slice(0, 2).map((data): Value => ({ type: "Text", data })),
  { type: "Json", data: true },
  { type: "Json", data: false },
  { type: "Json", data: { branch: "x", done: true } },
  { type: "Text", data: "done" },
  { type: "Empty" },
];

function answerTo(question: JsonValue): Value {
  const number = hash(question);
  return SIGNALS[number % (2 * SIGNALS.length)] ?? { type: "Json", data: { number } };
}

/** FNV-1a. */
function hash(json: JsonValue): number {
  let sum = 0x811c9dc5;
  for (const char of JSON.stringify(json)) {
    sum = Math.imul(sum ^ (char.codePointAt(0) ?? 0), 0x01000193);
  }
  return sum >>> 0;
}
