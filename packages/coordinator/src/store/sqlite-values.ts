import { EMPTY, PlanwireError, type Outcome } from "@planwire/protocol";
import type { OutcomeHead } from "./execution-head.js";
import type {
  EncodedAttempt,
  EncodedChange,
  EncodedExecution,
  EncodedWrite,
} from "./sqlite-messages.js";
import { storedBytes } from "./sqlite-buffers.js";
import { outcomeFrom, planFrom, resultFrom, toBytes } from "./stored-bytes.js";
import type { Change, StoredAttempt, StoredExecution, Write } from "./store.js";

type Of<Type extends Change["type"]> = Extract<Change, { type: Type }>;

// Values are encoded by the thread that calls the store. That costs it 7 us for a plan of four nodes, as much as having
// the plan copied between the threads does; but copied, it would have to be put together again and encoded over there
// (256 plans a commit: 12 against 22 us each in all; a tensor of 1 MiB as plain numbers: 3.4 against 17 ms).

/** @throws PlanwireError VALUE_UNSUPPORTED for what can't be kept */
export function encodeWrite(write: Write): EncodedWrite {
  return { ...write, changes: write.changes.map((change) => encodeChange(change, write.changes)) };
}

/** @throws PlanwireError STORE_UNAVAILABLE for bytes that were damaged on the disk */
export function decodeExecution(encoded: EncodedExecution): StoredExecution {
  const { outputOf, ...rest } = encoded;
  return readable(encoded.planId, () => {
    const attempts = encoded.attempts.map(decodeAttempt);
    const outcome = encoded.outcome && outcomeFrom(encoded.outcome);
    return {
      ...rest,
      plan: planFrom(encoded.plan),
      bytes: storedBytes(encoded).reduce((sum, bytes) => sum + bytes.length, 0),
      attempts,
      outcome: outcome && withOutputOf(outcome, outputOf, attempts),
    };
  });
}

function encodeChange(change: Change, written: readonly Change[]): EncodedChange {
  switch (change.type) {
    case "accept":
      return { ...change, plan: toBytes(change.plan) };
    case "takeResult":
      return { ...change, result: toBytes(change.result) };
    case "finish":
      return encodeFinish(change, written);
    default:
      return change;
  }
}

function outcomeHead(outcome: Outcome): OutcomeHead {
  const { status, attempts, worker_id } = outcome;
  const head = { status, attempts, worker_id };
  return outcome.status === "Failed" ? { ...head, error: { code: outcome.error.code } } : head;
}

/** Where the outcome of a plan is the result of a part, as it is for most, its output is not stored again. */
function encodeFinish(finish: Of<"finish">, written: readonly Change[]): EncodedChange {
  const { outcome } = finish;
  const outputOf = written.find((change) => isOutputOf(change, outcome))?.partId;
  const stored = outputOf === undefined ? outcome : { ...outcome, output: EMPTY, states: {} };
  return { ...finish, outcome: outcomeHead(outcome), encoded: toBytes(stored), outputOf };
}

function isOutputOf(change: Change, outcome: Outcome): change is Of<"takeResult"> {
  if (change.type !== "takeResult" || outcome.status !== "Succeeded") return false;
  const { result } = change;
  if (result.status !== "Success" || result.output !== outcome.output) return false;
  const states = result.states ?? {};
  return states === outcome.states || (isEmpty(states) && isEmpty(outcome.states));
}

function isEmpty(states: object): boolean {
  return Object.keys(states).length === 0;
}

function withOutputOf(
  outcome: Outcome,
  partId: string | undefined,
  attempts: readonly StoredAttempt[],
): Outcome {
  if (partId === undefined || outcome.status !== "Succeeded") return outcome;
  const result = attempts.find((attempt) => attempt.partId === partId && attempt.result)?.result;
  if (result?.status !== "Success") throw new Error(`the result of ${partId} is missing`);
  return { ...outcome, output: result.output, states: result.states ?? {} };
}

function decodeAttempt(encoded: EncodedAttempt): StoredAttempt {
  return { ...encoded, result: encoded.result && resultFrom(encoded.result) };
}

function readable<Value>(planId: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PlanwireError(
      "STORE_UNAVAILABLE",
      `what is stored of ${planId} can't be read: ${why}`,
      { hint: "The file is damaged: restore it from a backup.", retryable: false, cause },
    );
  }
}
