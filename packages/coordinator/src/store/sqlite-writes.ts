import type { ExecutionState } from "@planwire/protocol";
import { acceptedHead, isExpected, stateOf, writtenHead } from "./execution-head.js";
import { RefusedChange } from "./refused-change.js";
import { SqliteAttempts } from "./sqlite-attempts.js";
import type { Database } from "./sqlite-driver.js";
import { KnownHeads, type KnownHead } from "./sqlite-heads.js";
import type { EncodedChange, EncodedWrite } from "./sqlite-messages.js";
import {
  ROW_ATTEMPT,
  rowAttemptAfter,
  rowAttemptColumns,
  rowAttemptOf,
  SMALL_BYTES,
  type RowAttemptRow,
} from "./sqlite-row-attempt.js";
import {
  ACCEPTED,
  acceptedColumns,
  CHANGING,
  changingColumns,
  HEAD,
  headOf,
  IN_STATE,
  inStateColumns,
  prepareAll,
  type HeadRow,
} from "./sqlite-rows.js";
import type { StateTotals } from "./state-totals.js";
import type { WriteAnswer } from "./store.js";

type Of<Type extends EncodedChange["type"]> = Extract<EncodedChange, { type: Type }>;

interface Move {
  readonly from: ExecutionState | undefined;
  readonly to: ExecutionState;
}

const holes = (columns: readonly string[]) => columns.map(() => "?").join(", ");
const INSERTED = [...ACCEPTED, "plan", ...CHANGING, ...ROW_ATTEMPT];
const CHANGED = [...CHANGING, ...ROW_ATTEMPT];
const CHANGED_IN_STATE = [...IN_STATE, ...ROW_ATTEMPT];

const SQL = {
  begin: "BEGIN IMMEDIATE",
  commit: "COMMIT",
  rollback: "ROLLBACK",
  beginWrite: "SAVEPOINT one_write",
  keepWrite: "RELEASE one_write",
  undoWrite: "ROLLBACK TO one_write",
  head: `SELECT ${HEAD}, ${ROW_ATTEMPT.join(", ")} FROM executions WHERE plan_id = ?`,
  accept: `INSERT INTO executions (${INSERTED.join(", ")})
    VALUES (${holes(INSERTED)}) ON CONFLICT DO NOTHING`,
  change: `UPDATE executions SET (${CHANGED.join(", ")}) = (${holes(CHANGED)}) WHERE position = ?`,
  changeInState: `UPDATE executions SET (${CHANGED_IN_STATE.join(", ")}) = (${holes(CHANGED_IN_STATE)})
    WHERE position = ?`,
  largePlan: "INSERT INTO plans (position, plan) VALUES (?, ?)",
  outcome: "INSERT INTO outcomes (position, outcome) VALUES (?, ?)",
} as const;

/** Heads that are kept at hand, each of some 600 bytes. */
const MOST_HEADS = 20_000;

const DONE: WriteAnswer = { type: "done" };

/** Lands batches of writes: each batch in one transaction, with one sync. */
export class SqliteWrites {
  readonly #db: Database;
  readonly #sql;
  readonly #attempts: SqliteAttempts;
  readonly #totals: StateTotals;
  readonly #heads = new KnownHeads(MOST_HEADS);
  /** What the transaction does to the totals, once it is committed. */
  #moves: Move[] = [];
  #syncs = true;

  constructor(db: Database, totals: StateTotals) {
    this.#db = db;
    this.#sql = prepareAll(db, SQL);
    this.#attempts = new SqliteAttempts(db);
    this.#totals = totals;
  }

  /** An error of SQLite's, such as a full disk, fails the whole batch; a write that may not be fails alone. */
  commit(writes: readonly EncodedWrite[]): readonly WriteAnswer[] {
    this.#chooseSync(writes);
    try {
      return this.#transaction(() => writes.map((write) => this.#land(write)));
    } catch (error) {
      if (!(error instanceof RefusedChange)) throw error;
      // No core asks for such a write: so all others are spared the savepoint that could undo it alone.
      return this.#transaction(() => writes.map((write) => this.#landOrUndo(write)));
    }
  }

  #transaction(land: () => readonly WriteAnswer[]): readonly WriteAnswer[] {
    try {
      this.#sql.begin.run();
      const answers = land();
      this.#sql.commit.run();
      this.#countMoves();
      return answers;
    } catch (error) {
      this.#rollback();
      this.#heads.clear();
      throw error;
    } finally {
      this.#moves = [];
    }
  }

  #countMoves(): void {
    for (const { from, to } of this.#moves) {
      if (from) this.#totals.add(from, -1);
      this.#totals.add(to, 1);
    }
  }

  /** That an attempt has started is no reason for a sync: the next one takes it along. */
  #chooseSync(writes: readonly EncodedWrite[]): void {
    const needed = writes.some(({ changes }) => changes.some(({ type }) => type !== "started"));
    if (needed === this.#syncs) return;
    // Not as a prepared statement: this pragma acts when it is compiled, and again only when it is compiled again.
    this.#db.exec(`PRAGMA synchronous = ${needed ? "FULL" : "NORMAL"}`);
    this.#syncs = needed;
  }

  #rollback(): void {
    try {
      this.#sql.rollback.run();
    } catch {
      // SQLite has ended the transaction by itself, as it does on a full disk, or it never began.
    }
  }

  /** Lands a write, or undoes what it did and says why. */
  #landOrUndo(write: EncodedWrite): WriteAnswer {
    this.#sql.beginWrite.run();
    const answer = this.#landOrRefuse(write);
    if (answer.type === "failed") this.#sql.undoWrite.run();
    this.#sql.keepWrite.run();
    return answer;
  }

  #landOrRefuse(write: EncodedWrite): WriteAnswer {
    try {
      return this.#land(write);
    } catch (error) {
      if (error instanceof RefusedChange) return { type: "failed", reason: error.message };
      throw error;
    }
  }

  #land(write: EncodedWrite): WriteAnswer {
    const { changes } = write;
    const [first] = changes;
    if (first?.type === "accept") return this.#accept(write, first);
    const known = this.#heads.get(write.planId) ?? this.#read(write.planId);
    if (!known || !isExpected(known.head, write)) return { type: "notOwner" };
    const { position } = known;
    const head = writtenHead(known.head, changes);
    const attempt = rowAttemptAfter(known.attempt, changes, known.head, head);
    const [from, to] = [stateOf(known.head), stateOf(head)];
    const inRow = rowAttemptColumns(attempt);
    if (from === to) this.#sql.changeInState.run(...inStateColumns(head), ...inRow, position);
    else this.#sql.change.run(...changingColumns(head), ...inRow, position);
    if (known.attempt && !attempt) this.#attempts.move(position, head.planId, known.attempt);
    this.#landBeside({ position, head, attempt }, changes);
    if (from !== to) this.#moves.push({ from, to });
    return DONE;
  }

  #accept(write: EncodedWrite, accept: Of<"accept">): WriteAnswer {
    const accepted = acceptedHead(write, accept);
    const later = write.changes.slice(1);
    const head = writtenHead(accepted, later);
    const attempt = rowAttemptAfter(undefined, later, accepted, head);
    const isSmall = accept.plan.length <= SMALL_BYTES;
    const { changes, lastInsertRowid } = this.#sql.accept.run(
      ...acceptedColumns(head),
      isSmall ? accept.plan : null,
      ...changingColumns(head),
      ...rowAttemptColumns(attempt),
    );
    if (changes === 0) return this.#exists(write.planId);
    const position = Number(lastInsertRowid);
    if (!isSmall) this.#sql.largePlan.run(position, accept.plan);
    this.#landBeside({ position, head, attempt }, later);
    this.#moves.push({ from: undefined, to: stateOf(head) });
    return DONE;
  }

  /** What a write brings that the execution's own row, which stands already, does not hold. */
  #landBeside(written: KnownHead, changes: readonly EncodedChange[]): void {
    const { position, attempt } = written;
    for (const change of changes) {
      if (!attempt) this.#attempts.change(position, change);
      if (change.type === "finish" && change.encoded) {
        this.#sql.outcome.run(position, change.encoded);
      }
    }
    this.#heads.written(written);
  }

  #exists(planId: string): WriteAnswer {
    const known = this.#read(planId);
    if (!known) throw new Error(`${planId} was neither there nor taken`);
    const { head } = known;
    return { type: "exists", state: stateOf(head) };
  }

  #read(planId: string): KnownHead | undefined {
    const row = this.#sql.head.get(planId) as (HeadRow & RowAttemptRow) | undefined;
    return row && { position: row.position, head: headOf(row), attempt: rowAttemptOf(row) };
  }
}
