import { PlanwireError } from "@planwire/protocol";
import { describe } from "./describe.js";

/** Groups rows into arrays of `size`; the last one may be shorter. Leaving the loop early ends the source. */
export function chunks<T>(rows: AsyncIterable<T> | Iterable<T>, size: number): AsyncIterable<T[]> {
  if (!Number.isInteger(size) || size < 1) {
    throw new PlanwireError(
      "BAD_USAGE",
      `chunks(rows, size): size must be a whole number from 1, not ${describe(size)}`,
    );
  }
  return group(rows, size);
}

async function* group<T>(rows: AsyncIterable<T> | Iterable<T>, size: number): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const row of rows) {
    chunk.push(row);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
