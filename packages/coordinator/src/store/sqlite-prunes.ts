import type { ExecutionState } from "@planwire/protocol";
import type { Database } from "./sqlite-driver.js";
import { prepareAll } from "./sqlite-rows.js";
import type { StateTotals } from "./state-totals.js";
import type { PruneQuery } from "./store.js";

/** How long a commit may wait behind one removal, in milliseconds, but for the last execution of it. */
const MOST_MS = 10;

const SQL = {
  begin: "BEGIN IMMEDIATE",
  commit: "COMMIT",
  rollback: "ROLLBACK",
  expired: "SELECT position FROM executions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?",
  ended: `SELECT position FROM executions WHERE finished_at < ? AND expires_at IS NULL
    ORDER BY finished_at LIMIT ?`,
  remove: "DELETE FROM executions WHERE position = ? RETURNING state",
} as const;

/** Removes executions whose time has come, with all that the file holds of them. */
export class SqlitePrunes {
  readonly #sql;
  readonly #totals: StateTotals;

  constructor(db: Database, totals: StateTotals) {
    this.#sql = prepareAll(db, SQL);
    this.#totals = totals;
  }

  prune({ now, endedBefore, limit }: PruneQuery): number {
    const expired = this.#sql.expired.all(now, limit);
    const ended = this.#sql.ended.all(endedBefore, limit - expired.length);
    const due = [...expired, ...ended] as { position: number }[];
    if (due.length === 0) return 0;
    const removed = this.#remove(due.map(({ position }) => position));
    for (const state of removed) this.#totals.add(state, -1);
    return removed.length;
  }

  #remove(positions: readonly number[]): ExecutionState[] {
    const until = performance.now() + MOST_MS;
    const removed: ExecutionState[] = [];
    this.#sql.begin.run();
    try {
      for (const position of positions) {
        const row = this.#sql.remove.get(position) as { state: ExecutionState };
        removed.push(row.state);
        if (performance.now() >= until) break;
      }
      this.#sql.commit.run();
    } catch (error) {
      this.#rollBack();
      throw error;
    }
    return removed;
  }

  #rollBack(): void {
    try {
      this.#sql.rollback.run();
    } catch {
      // SQLite has ended the transaction by itself, as it does on a full disk.
    }
  }
}
