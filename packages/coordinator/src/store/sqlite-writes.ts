import type { ExecutionState } from "@planwire/protocol";
import { acceptedHead, isExpected, stateOf, writtenHead } from "./execution-head.js";
import { RefusedChange } from "./refused-change.js";
import type { Database } from "./sqlite-driver.js";
import { KnownHeads, type KnownHead } from "./sqlite-heads.js";
import type { EncodedChange, EncodedWrite } from "./sqlite-messages.js";
import {
  ACCEPTED,
  acceptedColumns,
  CHANGING,
  changingColumns,
  headOf,
  IN_STATE,
  inStateColumns,
  lossColumns,
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
const IS_THIS_ATTEMPT = "position = ? AND part_id = ? AND attempt = ?";
const IS_OPEN = `${IS_THIS_ATTEMPT} AND lost IS NULL AND NOT EXISTS (
  SELECT 1 FROM results AS r
  WHERE r.position = attempts.position AND r.part_id = attempts.part_id AND r.attempt = attempts.attempt
)`;

const SQL = {
  begin: "BEGIN IMMEDIATE",
  commit: "COMMIT",
  rollback: "ROLLBACK",
  beginWrite: "SAVEPOINT one_write",
  keepWrite: "RELEASE one_write",
  undoWrite: "ROLLBACK TO one_write",
  head: "SELECT * FROM executions WHERE plan_id = ?",
  accept: `INSERT INTO executions (${[...ACCEPTED, ...CHANGING].join(", ")})
    VALUES (${holes([...ACCEPTED, ...CHANGING])}) ON CONFLICT DO NOTHING`,
  change: `UPDATE executions SET (${CHANGING.join(", ")}) = (${holes(CHANGING)}) WHERE position = ?`,
  changeInState: `UPDATE executions SET (${IN_STATE.join(", ")}) = (${holes(IN_STATE)}) WHERE position = ?`,
  plan: "INSERT INTO plans (position, plan) VALUES (?, ?)",
  assign: `INSERT INTO attempts (position, part_id, attempt, worker_id, incarnation)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  start: `UPDATE attempts SET started = 1 WHERE ${IS_OPEN}`,
  lose: `UPDATE attempts SET (lost, lost_cost, lost_alone, retry_at) = (?, ?, ?, ?) WHERE ${IS_OPEN}`,
  openAttempt: `SELECT 1 FROM attempts WHERE ${IS_OPEN}`,
  take: `INSERT INTO results (position, part_id, attempt, result, outcome_ms)
    SELECT position, part_id, attempt, ?, ? FROM attempts WHERE ${IS_THIS_ATTEMPT} AND lost IS NULL
    ON CONFLICT DO NOTHING`,
  outcome: "INSERT INTO outcomes (position, outcome) VALUES (?, ?)",
} as const;

/** Heads that are kept at hand, each of some 400 bytes. */
const MOST_HEADS = 20_000;

const DONE: WriteAnswer = { type: "done" };

/** Lands batches of writes: each batch in one transaction, with one sync. */
export class SqliteWrites {
  readonly #db: Database;
  readonly #sql;
  readonly #totals: StateTotals;
  readonly #heads = new KnownHeads(MOST_HEADS);
  /** What the transaction does to the totals, once it is committed. */
  #moves: Move[] = [];
  #syncs = true;

  constructor(db: Database, totals: StateTotals) {
    this.#db = db;
    this.#sql = prepareAll(db, SQL);
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
    const [first] = write.changes;
    if (first?.type === "accept") return this.#accept(write, first);
    const known = this.#heads.get(write.planId) ?? this.#read(write.planId);
    if (!known || !isExpected(known.head, write)) return { type: "notOwner" };
    const { position } = known;
    const head = writtenHead(known.head, write.changes);
    const [from, to] = [stateOf(known.head), stateOf(head)];
    if (from === to) this.#sql.changeInState.run(...inStateColumns(head), position);
    else this.#sql.change.run(...changingColumns(head), position);
    for (const change of write.changes) this.#change(position, change);
    this.#heads.written({ position, head });
    if (from !== to) this.#moves.push({ from, to });
    return DONE;
  }

  #accept(write: EncodedWrite, accept: Of<"accept">): WriteAnswer {
    const later = write.changes.slice(1);
    const head = writtenHead(acceptedHead(write, accept), later);
    const columns = [...acceptedColumns(head), ...changingColumns(head)];
    const { changes, lastInsertRowid } = this.#sql.accept.run(...columns);
    if (changes === 0) return this.#exists(write.planId);
    const position = Number(lastInsertRowid);
    this.#sql.plan.run(position, accept.plan);
    for (const change of later) this.#change(position, change);
    this.#heads.written({ position, head });
    this.#moves.push({ from: undefined, to: stateOf(head) });
    return DONE;
  }

  #exists(planId: string): WriteAnswer {
    const known = this.#read(planId);
    if (!known) throw new Error(`${planId} was neither there nor taken`);
    const { head } = known;
    return { type: "exists", state: stateOf(head) };
  }

  #read(planId: string): KnownHead | undefined {
    const row = this.#sql.head.get(planId) as HeadRow | undefined;
    return row && { position: row.position, head: headOf(row) };
  }

  /** The rows of a change beside the head's, which stands already. */
  #change(position: number, change: EncodedChange): void {
    switch (change.type) {
      case "assign":
        return this.#assign(position, change);
      case "started": {
        const { changes } = this.#sql.start.run(position, change.partId, change.attempt);
        return expectOpen(changes, change);
      }
      case "lose": {
        const { loss, partId, attempt } = change;
        const { changes } = this.#sql.lose.run(...lossColumns(loss), position, partId, attempt);
        return expectOpen(changes, change);
      }
      case "takeResult":
        return this.#take(position, change);
      case "finish":
        if (change.encoded) this.#sql.outcome.run(position, change.encoded);
        return;
      case "accept":
      case "wishCancel":
        return;
    }
  }

  #assign(position: number, change: Of<"assign">): void {
    const { partId, attempt, workerId, incarnation } = change;
    const columns = [position, partId, attempt, workerId, incarnation ?? null];
    const { changes } = this.#sql.assign.run(...columns);
    if (changes === 0) throw RefusedChange.attemptExists(partId, attempt);
  }

  #take(position: number, change: Of<"takeResult">): void {
    const { partId, attempt, result, outcomeMs = null } = change;
    const { changes } = this.#sql.take.run(result, outcomeMs, position, partId, attempt);
    if (changes !== 0) return;
    const open = this.#sql.openAttempt.get(position, partId, attempt);
    if (open) throw RefusedChange.resultExists(partId);
    throw RefusedChange.attemptNotOpen(partId, attempt);
  }
}

function expectOpen(changed: number | bigint, { partId, attempt }: Of<"started" | "lose">): void {
  if (changed === 0) throw RefusedChange.attemptNotOpen(partId, attempt);
}
