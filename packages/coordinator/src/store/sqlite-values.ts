import { PlanwireError, type Outcome } from "@planwire/protocol";
import type { OutcomeHead } from "./execution-head.js";
import type {
  EncodedAttempt,
  EncodedChange,
  EncodedExecution,
  EncodedOutcome,
  EncodedWrite,
} from "./sqlite-messages.js";
import { storedBytes } from "./sqlite-buffers.js";
import { outcomeFrom, planFrom, resultFrom, toBytes } from "./stored-bytes.js";
import type { Change, StoredAttempt, StoredExecution, Write } from "./store.js";

type Of<Type extends Change["type"]> = Extract<Change, { type: Type }>;
type Succeeded = Extract<Outcome, { status: "Succeeded" }>;
/** Each field has to be named, so that none can be forgotten when one is added. */
type Named<T> = { readonly [Key in keyof T]-?: T[Key] | undefined };

// Values are encoded by the thread that calls the store. That costs it 7 us for a plan of four nodes, as much as having
// the plan copied between the threads does; but copied, it would have to be put together again and encoded over there
// (256 plans a commit: 12 against 22 us each in all; a tensor of 1 MiB as plain numbers: 3.4 against 17 ms).

// What every plan passes is written field by field: an object that is spread and added to takes V8's slow path.

/** @throws PlanwireError VALUE_UNSUPPORTED for what can't be kept */
export function encodeWrite({ planId, owner, expects, changes }: Write): EncodedWrite {
  const encoded = changes.map((change) => encodeChange(change, changes));
  return { planId, owner, expects, changes: encoded };
}

/** @throws PlanwireError STORE_UNAVAILABLE for bytes that were damaged on the disk */
export function decodeExecution(encoded: EncodedExecution): StoredExecution {
  return readable(encoded.planId, () => {
    const attempts = encoded.attempts.map(decodeAttempt);
    return {
      ...encoded,
      plan: planFrom(encoded.plan),
      bytes: storedBytes(encoded).reduce((sum, bytes) => sum + bytes.length, 0),
      attempts,
      outcome: encoded.outcome && decodeOutcome(encoded.outcome, attempts),
    };
  });
}

function encodeChange(change: Change, written: readonly Change[]): EncodedChange {
  switch (change.type) {
    case "accept":
      return encodeAccept(change);
    case "takeResult":
      return encodeResult(change, written);
    case "finish":
      return encodeFinish(change, written);
    default:
      return change;
  }
}

function outcomeHead(outcome: Outcome): OutcomeHead {
  const { status, attempts, worker_id } = outcome;
  if (status !== "Failed") return { status, attempts, worker_id };
  return { status, attempts, worker_id, error: { code: outcome.error.code } };
}

function encodeAccept({ type, kind, plan, name, submittedAt }: Of<"accept">): EncodedChange {
  return { type, kind, plan: toBytes(plan), name, submittedAt };
}

function encodeResult(change: Of<"takeResult">, written: readonly Change[]): EncodedChange {
  const { type, partId, attempt, result } = change;
  return { type, partId, attempt, result: toBytes(result), outcomeMs: outcomeMs(change, written) };
}

function encodeFinish(finish: Of<"finish">, written: readonly Change[]): EncodedChange {
  const { type, outcome, finishedAt, expiresAt, bytes } = finish;
  const isSaid = written.some((change) => isOutputOf(change, outcome));
  const encoded = isSaid ? undefined : toBytes(outcome);
  return { type, outcome: outcomeHead(outcome), encoded, finishedAt, expiresAt, bytes };
}

function outcomeMs(change: Of<"takeResult">, written: readonly Change[]): number | undefined {
  const last = written.at(-1);
  if (last?.type !== "finish" || !isOutputOf(change, last.outcome)) return undefined;
  return last.outcome.duration_ms;
}

/** Most plans succeed with the result of a part: then all but the duration stands there and in the head. */
function isOutputOf(change: Change, outcome: Outcome): change is Of<"takeResult"> {
  if (change.type !== "takeResult" || outcome.status !== "Succeeded") return false;
  const { result } = change;
  if (result.status !== "Success" || result.output !== outcome.output) return false;
  // The head would name the worker of the newest attempt instead.
  if (outcome.worker_id === undefined) return false;
  const states = result.states ?? {};
  return states === outcome.states || (isEmpty(states) && isEmpty(outcome.states));
}

function isEmpty(states: object): boolean {
  return Object.keys(states).length === 0;
}

function decodeOutcome(encoded: EncodedOutcome, attempts: readonly StoredAttempt[]): Outcome {
  if (encoded.as === "result") return outcomeOfResult(encoded, attempts);
  const outcome = outcomeFrom(encoded.bytes);
  const { outputOf } = encoded;
  if (outputOf === undefined || outcome.status !== "Succeeded") return outcome;
  return { ...outcome, ...outputAndStates(outputOf, attempts) };
}

function outcomeOfResult(
  encoded: Extract<EncodedOutcome, { as: "result" }>,
  attempts: readonly StoredAttempt[],
): Succeeded {
  const outcome = {
    status: "Succeeded",
    ...outputAndStates(encoded.outputOf, attempts),
    worker_id: encoded.workerId,
    attempts: encoded.attempts,
    duration_ms: encoded.durationMs,
  } satisfies Named<Succeeded>;
  return outcome;
}

function outputAndStates(
  partId: string,
  attempts: readonly StoredAttempt[],
): Pick<Succeeded, "output" | "states"> {
  const result = attempts.find((attempt) => attempt.partId === partId && attempt.result)?.result;
  if (result?.status !== "Success") throw new Error(`the result of ${partId} is missing`);
  return { output: result.output, states: result.states ?? {} };
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
