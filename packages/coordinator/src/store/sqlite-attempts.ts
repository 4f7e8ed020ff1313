import { RefusedChange } from "./refused-change.js";
import type { Database } from "./sqlite-driver.js";
import type { EncodedChange } from "./sqlite-messages.js";
import type { RowAttempt } from "./sqlite-row-attempt.js";
import { lossColumns, prepareAll } from "./sqlite-rows.js";

type Of<Type extends EncodedChange["type"]> = Extract<EncodedChange, { type: Type }>;

const IS_THIS_ATTEMPT = "position = ? AND part_id = ? AND attempt = ?";
const IS_OPEN = `${IS_THIS_ATTEMPT} AND lost IS NULL AND NOT EXISTS (
  SELECT 1 FROM results AS r
  WHERE r.position = attempts.position AND r.part_id = attempts.part_id AND r.attempt = attempts.attempt
)`;

const SQL = {
  assign: `INSERT INTO attempts (position, part_id, attempt, worker_id, incarnation, started)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  start: `UPDATE attempts SET started = 1 WHERE ${IS_OPEN}`,
  lose: `UPDATE attempts SET (lost, lost_cost, lost_alone, retry_at) = (?, ?, ?, ?) WHERE ${IS_OPEN}`,
  openAttempt: `SELECT 1 FROM attempts WHERE ${IS_OPEN}`,
  take: `INSERT INTO results (position, part_id, attempt, result, outcome_ms)
    SELECT position, part_id, attempt, ?, ? FROM attempts WHERE ${IS_THIS_ATTEMPT} AND lost IS NULL
    ON CONFLICT DO NOTHING`,
} as const;

/** Attempts and results in tables of their own: of executions whose row does not hold them. */
export class SqliteAttempts {
  readonly #sql;

  constructor(db: Database) {
    this.#sql = prepareAll(db, SQL);
  }

  /** Takes over what a row held. */
  move(position: number, planId: string, { workerId, incarnation, started }: RowAttempt): void {
    this.#sql.assign.run(position, planId, 1, workerId, incarnation ?? null, started ? 1 : 0);
  }

  /** @throws RefusedChange for what no order of events leads to */
  change(position: number, change: EncodedChange): void {
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
      case "accept":
      case "wishCancel":
      case "finish":
        return;
    }
  }

  #assign(position: number, change: Of<"assign">): void {
    const { partId, attempt, workerId, incarnation } = change;
    const columns = [position, partId, attempt, workerId, incarnation ?? null, 0];
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
