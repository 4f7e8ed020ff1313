import type { EncodedExecution } from "./sqlite-messages.js";

// The store's thread loads this: it knows no codec, since loading those takes longer than opening a file.

/** From this size on bytes are moved to the other thread, not copied; below, moving costs more. */
const MOVED_BYTES = 64 * 1024;

/** Buffers to move with a message rather than to copy. */
export function buffersOfExecutions(
  executions: readonly (EncodedExecution | undefined)[],
): ArrayBuffer[] {
  return executions
    .flatMap((execution) => (execution ? storedBytes(execution) : []))
    .filter(isLarge)
    .map(bufferOf);
}

export function storedBytes({ plan, attempts, outcome }: EncodedExecution): Uint8Array[] {
  const results = attempts.map(({ result }) => result);
  const ofOutcome = outcome?.as === "bytes" ? outcome.bytes : undefined;
  return [plan, ofOutcome, ...results].filter((bytes) => bytes !== undefined);
}

export function isLarge(bytes: Uint8Array): boolean {
  return bytes.byteLength >= MOVED_BYTES;
}

/** Encoders and SQLite make a buffer of its own for all that is large; neither uses shared memory. */
export function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer as ArrayBuffer;
}
