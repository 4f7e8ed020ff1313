import type { OutcomeHead } from "./execution-head.js";
import { bufferOf, isLarge } from "./sqlite-buffers.js";
import type { EncodedChange, EncodedWrite } from "./sqlite-messages.js";
import type { StoredCut, StoredLoss } from "./store.js";

// The store's thread loads this: it knows no codec.

// Messages between threads are cloned, and V8 writes and reads the name of every member of every object: a plan's two writes took 2.2 us
// there and 4.0 here (55 plans a commit). As one array of cells and one of bytes they take 0.9 and 0.7.

/** Writes for the thread: the members of each in a row, with the count of its changes before those. */
export interface PackedWrites {
  readonly cells: readonly Cell[];
  /** All values that are not large, one after the other; in the cells stand their lengths. */
  readonly values: Uint8Array;
}

type Cell = string | number | boolean | undefined | Uint8Array | StoredCut | StoredLoss;

export interface Packed {
  readonly writes: PackedWrites;
  /** Buffers to move with the message rather than to copy. */
  readonly moved: ArrayBuffer[];
}

export function packWrites(writes: readonly EncodedWrite[]): Packed {
  const packing: Packing = { cells: [], values: [], moved: [] };
  for (const { planId, owner, expects, changes } of writes) {
    packing.cells.push(planId, owner, expects, changes.length);
    for (const change of changes) packChange(packing, change);
  }
  const values = joined(packing.values);
  if (isLarge(values)) packing.moved.push(bufferOf(values));
  return { writes: { cells: packing.cells, values }, moved: packing.moved };
}

export function unpackWrites({ cells, values }: PackedWrites): EncodedWrite[] {
  const reader = new CellReader(cells, values);
  const writes: EncodedWrite[] = [];
  while (!reader.isAtEnd()) writes.push(unpackWrite(reader));
  return writes;
}

interface Packing {
  readonly cells: Cell[];
  readonly values: Uint8Array[];
  readonly moved: ArrayBuffer[];
}

function packChange(packing: Packing, change: EncodedChange): void {
  const { cells } = packing;
  switch (change.type) {
    case "accept":
      cells.push("accept", change.kind, change.name, change.submittedAt);
      return packValue(packing, change.plan);
    case "assign": {
      const { partId, attempt, workerId, incarnation, cut } = change;
      cells.push("assign", partId, attempt, workerId, incarnation, cut);
      return;
    }
    case "started":
      cells.push("started", change.partId, change.attempt);
      return;
    case "lose":
      cells.push("lose", change.partId, change.attempt, change.loss);
      return;
    case "takeResult":
      cells.push("takeResult", change.partId, change.attempt, change.outcomeMs);
      return packValue(packing, change.result);
    case "wishCancel":
      cells.push("wishCancel", change.by, change.expired);
      return;
    case "finish": {
      const { outcome, finishedAt, expiresAt, bytes, encoded } = change;
      cells.push("finish", outcome.status, outcome.attempts, outcome.worker_id);
      cells.push(outcome.error?.code, finishedAt, expiresAt, bytes);
      return packValue(packing, encoded);
    }
  }
}

function packValue({ cells, values, moved }: Packing, value: Uint8Array | undefined): void {
  if (value === undefined) cells.push(undefined);
  else if (isLarge(value)) {
    cells.push(value);
    moved.push(bufferOf(value));
  } else {
    cells.push(value.length);
    values.push(value);
  }
}

function joined(values: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(values.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const value of values) {
    all.set(value, at);
    at += value.length;
  }
  return all;
}

/** Gives cells in the order in which they were packed; that they are what is asked for is what the packing says. */
class CellReader {
  readonly #cells: readonly Cell[];
  readonly #values: Uint8Array;
  #at = 0;
  #valuesAt = 0;

  constructor(cells: readonly Cell[], values: Uint8Array) {
    this.#cells = cells;
    this.#values = values;
  }

  isAtEnd(): boolean {
    return this.#at >= this.#cells.length;
  }

  next(): Cell {
    return this.#cells[this.#at++];
  }

  value(): Uint8Array | undefined {
    const cell = this.next();
    if (typeof cell !== "number") return cell as Uint8Array | undefined;
    const from = this.#valuesAt;
    this.#valuesAt += cell;
    return this.#values.subarray(from, this.#valuesAt);
  }
}

function unpackWrite(cells: CellReader): EncodedWrite {
  const [planId, owner] = [cells.next() as string, cells.next() as string];
  const [expects, count] = [cells.next() as number, cells.next() as number];
  const changes: EncodedChange[] = [];
  for (let i = 0; i < count; i++) changes.push(unpackChange(cells));
  return { planId, owner, expects, changes };
}

/** The members are evaluated in the order in which they stand here. */
function unpackChange(cells: CellReader): EncodedChange {
  const type = cells.next() as EncodedChange["type"];
  switch (type) {
    case "accept":
      return {
        type,
        kind: cells.next() as "plan" | "stream",
        name: cells.next() as string | undefined,
        submittedAt: cells.next() as number,
        plan: cells.value() as Uint8Array,
      };
    case "assign":
      return {
        type,
        partId: cells.next() as string,
        attempt: cells.next() as number,
        workerId: cells.next() as string,
        incarnation: cells.next() as string | undefined,
        cut: cells.next() as StoredCut | undefined,
      };
    case "started":
      return { type, partId: cells.next() as string, attempt: cells.next() as number };
    case "lose":
      return {
        type,
        partId: cells.next() as string,
        attempt: cells.next() as number,
        loss: cells.next() as StoredLoss,
      };
    case "takeResult":
      return {
        type,
        partId: cells.next() as string,
        attempt: cells.next() as number,
        outcomeMs: cells.next() as number | undefined,
        result: cells.value() as Uint8Array,
      };
    case "wishCancel":
      return { type, by: cells.next() as string, expired: cells.next() as boolean };
    case "finish":
      return {
        type,
        outcome: unpackOutcome(cells),
        finishedAt: cells.next() as number,
        expiresAt: cells.next() as number | undefined,
        bytes: cells.next() as number,
        encoded: cells.value(),
      };
  }
}

function unpackOutcome(cells: CellReader): OutcomeHead {
  const status = cells.next() as OutcomeHead["status"];
  const attempts = cells.next() as number;
  const worker_id = cells.next() as string | undefined;
  const code = cells.next() as string | undefined;
  if (code === undefined) return { status, attempts, worker_id };
  return { status, attempts, worker_id, error: { code } };
}
