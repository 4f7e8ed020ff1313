// Writes and values with which the conformance suite tries a store.
import type { Outcome, PlanResult, SerializedPlan, Value } from "@planwire/protocol";
import type { Change, Store, StoredLoss, Write, WriteAnswer } from "../store.js";

export const OWNER = "coordinator-1";

type Of<Type extends Change["type"]> = Extract<Change, { type: Type }>;

export function plan(planId: string, value: Value = { type: "Text", data: "in" }): SerializedPlan {
  return {
    plan_id: planId,
    plan: { Execute: { node_id: "clean" } },
    input: { source: "Inline", value },
    mode: "Forward",
    metadata: { name: "tidy" },
    bindings: [{ node_id: "clean", uses: "clean@1" }],
  };
}

export function accept(planId: string, given: Partial<Of<"accept">> = {}): Of<"accept"> {
  return {
    type: "accept",
    kind: "plan",
    plan: plan(planId),
    name: undefined,
    submittedAt: 1_700_000_000_000,
    ...given,
  };
}

export function assign(
  partId: string,
  attempt = 1,
  given: Partial<Of<"assign">> = {},
): Of<"assign"> {
  return {
    type: "assign",
    partId,
    attempt,
    workerId: "worker-1",
    incarnation: "incarnation-1",
    cut: undefined,
    ...given,
  };
}

export const LOSS: StoredLoss = {
  reason: "its worker went away",
  cost: "worker",
  alone: true,
  retryAt: 1_700_000_000_500,
};

export function started(partId: string, attempt = 1): Change {
  return { type: "started", partId, attempt };
}

export function lose(partId: string, attempt = 1, loss = LOSS): Change {
  return { type: "lose", partId, attempt, loss };
}

export function takeResult(partId: string, attempt = 1, result: PlanResult = success()): Change {
  return { type: "takeResult", partId, attempt, result };
}

export function wish(by = "a client", expired = false): Change {
  return { type: "wishCancel", by, expired };
}

export function success(
  output: Value = { type: "Text", data: "out" },
): Extract<PlanResult, { status: "Success" }> {
  return { status: "Success", output, duration_ms: 7, states: {} };
}

export function finish(
  outcome: Outcome = succeeded(),
  finishedAt = 1_700_000_001_000,
  given: Partial<Of<"finish">> = {},
): Change {
  return { type: "finish", outcome, finishedAt, expiresAt: undefined, bytes: 100, ...given };
}

export function succeeded(
  output: Value = { type: "Text", data: "out" },
): Extract<Outcome, { status: "Succeeded" }> {
  return {
    status: "Succeeded",
    output,
    states: {},
    worker_id: "worker-1",
    attempts: 1,
    duration_ms: 9,
  };
}

export function failed(code: "FILTER_ERROR"): Outcome {
  const error = { code, message: "it threw", retryable: false };
  return { status: "Failed", error, attempts: 1, duration_ms: 9 };
}

export function cancelled(): Outcome {
  return { status: "Cancelled", by: "a client", stopped: true, attempts: 1, duration_ms: 9 };
}

/** A write by the usual owner. */
export function write(planId: string, expects: number, ...changes: Change[]): Write {
  return { planId, owner: OWNER, expects, changes };
}

/** Accepted, assigned and ended in one write. */
export function ended(
  planId: string,
  outcome: Outcome,
  finishedAt?: number,
  given?: Partial<Of<"finish">>,
): Write {
  return write(planId, 0, accept(planId), assign(planId), finish(outcome, finishedAt, given));
}

export function commit(store: Store, ...writes: Write[]): Promise<readonly WriteAnswer[]> {
  return new Promise((resolve) => store.commit(writes, resolve));
}

/** Removes what ended before a time, at most `limit`; a slow store may take several turns for it. */
export async function prune(store: Store, endedBefore: number, limit: number): Promise<number> {
  let removed = 0;
  for (let more = 1; more > 0 && removed < limit; removed += more) {
    more = await store.prune({ now: endedBefore, endedBefore, limit: limit - removed });
  }
  return removed;
}

/** Values that a careless encoding would change. */
export const DELICATE_VALUES: Readonly<Record<string, Value>> = {
  empty: { type: "Empty" },
  text: { type: "Text", data: "naïve 🜁 \u0000" },
  json: {
    type: "Json",
    data: {
      a: [1, -0, 1.5, null, true],
      ["__proto__"]: { x: 1 },
      big: 2n ** 63n,
      small: -(2n ** 62n),
    },
  },
  bytes: { type: "Bytes", data: Uint8Array.of(0, 1, 254, 255) },
  "a part of a larger buffer": { type: "Bytes", data: Uint8Array.of(9, 8, 7, 6).subarray(1, 3) },
  "no bytes": { type: "Bytes", data: new Uint8Array() },
  object: { type: "Object", data: Uint8Array.of(128, 4, 149) },
  "plain tensor": { type: "Tensor", data: { values: [1, NaN, -Infinity, -0], shape: [2, 2] } },
  "float64 tensor": {
    type: "Tensor",
    data: { values: Float64Array.of(1, NaN, Infinity), shape: [3], dtype: "float64" },
  },
  "int64 tensor": {
    type: "Tensor",
    data: { values: BigInt64Array.of(1n, -(2n ** 63n)), shape: [2], dtype: "int64" },
  },
  "bool tensor": {
    type: "Tensor",
    data: { values: Uint8Array.of(0, 1), shape: [2], dtype: "bool" },
  },
  "tensor without elements": { type: "Tensor", data: { values: [], shape: [0, 3] } },
  record: {
    type: "Record",
    data: [
      ["b", { type: "Bytes", data: Uint8Array.of(1) }],
      ["a", { type: "Record", data: [["t", { type: "Text", data: "" }]] }],
    ],
  },
  "records deeper than a frame": nested(250),
  "bytes beyond 64 KiB": { type: "Bytes", data: new Uint8Array(100_000).fill(7) },
};

function nested(levels: number): Value {
  let value: Value = { type: "Json", data: [[[]]] };
  for (let level = 0; level < levels; level++) value = { type: "Record", data: [["a", value]] };
  return value;
}
