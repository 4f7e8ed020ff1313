import { PlanwireError, type Outcome } from "@planwire/protocol";
import type { OutcomeHead } from "./execution-head.js";
import type {
  EncodedAttempt,
  EncodedChange,
  EncodedExecution,
  EncodedWrite,
} from "./sqlite-messages.js";
import { outcomeFrom, planFrom, resultFrom, toBytes } from "./stored-bytes.js";
import type { Change, StoredAttempt, StoredExecution, Write } from "./store.js";

// Values are encoded by the thread that calls the store. That costs it 7 us for a plan of four nodes, as much as having
// the plan copied between the threads does; but copied, it would have to be put together again and encoded over there
// (256 plans a commit: 12 against 22 us each in all; a tensor of 1 MiB as plain numbers: 3.4 against 17 ms).

/** From this size on bytes are moved to the other thread, not copied; below, moving costs more. */
const MOVED_BYTES = 64 * 1024;

/** @throws PlanwireError VALUE_UNSUPPORTED for what can't be kept */
export function encodeWrite(write: Write): EncodedWrite {
  return { ...write, changes: write.changes.map(encodeChange) };
}

/** @throws PlanwireError STORE_UNAVAILABLE for bytes that were damaged on the disk */
export function decodeExecution(encoded: EncodedExecution): StoredExecution {
  return readable(encoded.planId, () => ({
    ...encoded,
    plan: planFrom(encoded.plan),
    attempts: encoded.attempts.map(decodeAttempt),
    outcome: encoded.outcome && outcomeFrom(encoded.outcome),
  }));
}

/** Buffers to move with a message rather than to copy. */
export function buffersOfWrites(writes: readonly EncodedWrite[]): ArrayBuffer[] {
  return writes
    .flatMap(({ changes }) => changes.flatMap(bytesOf))
    .filter(isLarge)
    .map(bufferOf);
}

export function buffersOfExecutions(
  executions: readonly (EncodedExecution | undefined)[],
): ArrayBuffer[] {
  return executions
    .flatMap((execution) => (execution ? storedBytes(execution) : []))
    .filter(isLarge)
    .map(bufferOf);
}

function encodeChange(change: Change): EncodedChange {
  switch (change.type) {
    case "accept":
      return { ...change, plan: toBytes(change.plan) };
    case "takeResult":
      return { ...change, result: toBytes(change.result) };
    case "finish":
      return { ...change, outcome: outcomeHead(change.outcome), encoded: toBytes(change.outcome) };
    default:
      return change;
  }
}

function outcomeHead(outcome: Outcome): OutcomeHead {
  const { status, attempts, worker_id } = outcome;
  const head = { status, attempts, worker_id };
  return outcome.status === "Failed" ? { ...head, error: { code: outcome.error.code } } : head;
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

function storedBytes({ plan, attempts, outcome }: EncodedExecution): Uint8Array[] {
  const results = attempts.map(({ result }) => result);
  return [plan, outcome, ...results].filter((bytes) => bytes !== undefined);
}

function bytesOf(change: EncodedChange): Uint8Array[] {
  switch (change.type) {
    case "accept":
      return [change.plan];
    case "takeResult":
      return [change.result];
    case "finish":
      return [change.encoded];
    default:
      return [];
  }
}

function isLarge(bytes: Uint8Array): boolean {
  return bytes.byteLength >= MOVED_BYTES;
}

/** Encoders and SQLite make a buffer of its own for all that is large; neither uses shared memory. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer as ArrayBuffer;
}
