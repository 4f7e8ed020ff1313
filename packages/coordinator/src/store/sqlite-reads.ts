import type { ExecutionState } from "@planwire/protocol";
import { storedHead, summaryOf } from "./execution-head.js";
import type { Database } from "./sqlite-driver.js";
import type { EncodedAttempt, EncodedExecution, EncodedOutcome } from "./sqlite-messages.js";
import {
  ROW_ATTEMPT,
  rowAttemptOf,
  type RowAttempt,
  type RowAttemptRow,
} from "./sqlite-row-attempt.js";
import { HEAD, headOf, lossOf, prepareAll, type HeadRow, type LossRow } from "./sqlite-rows.js";
import type { ListPage, ListQuery } from "./store.js";
import { StateTotals } from "./state-totals.js";
import { cursorGone } from "./store-errors.js";

const SQL = {
  live: `SELECT plan_id FROM executions WHERE state IN ('Queued', 'Running', 'Cancelling') ORDER BY position`,
  execution: `SELECT ${HEAD}, ${ROW_ATTEMPT.join(", ")}, coalesce(executions.plan, plans.plan) AS plan, outcome, output_of
    FROM executions LEFT JOIN plans USING (position) LEFT JOIN outcomes USING (position)
    WHERE plan_id = ?`,
  attempts: "SELECT * FROM attempts WHERE position = ? ORDER BY id",
  results: "SELECT * FROM results WHERE position = ? ORDER BY id",
  position: "SELECT position FROM executions WHERE plan_id = ?",
  page: `SELECT ${HEAD} FROM executions WHERE position < ? ORDER BY position DESC LIMIT ?`,
  pageOfState: `SELECT ${HEAD} FROM executions WHERE state = ? AND position < ?
    ORDER BY position DESC LIMIT ?`,
  totals: "SELECT state, count(*) AS total FROM executions GROUP BY state",
} as const;

interface ExecutionRow extends HeadRow, RowAttemptRow {
  readonly plan: Uint8Array;
  readonly outcome: Uint8Array | null;
  readonly output_of: string | null;
}

interface AttemptRow extends LossRow {
  readonly part_id: string;
  readonly attempt: number;
  readonly worker_id: string;
  readonly incarnation: string | null;
  readonly started: number;
}

/** Of an execution: how it was tried, and what came of it. */
type Tried = Pick<EncodedExecution, "attempts" | "takenOrder" | "outcome">;

interface ResultRow {
  readonly part_id: string;
  readonly attempt: number;
  readonly result: Uint8Array;
  readonly outcome_ms: number | null;
}

/** Finds executions in the file. */
export class SqliteReads {
  readonly totals: StateTotals;
  readonly #sql;

  constructor(db: Database) {
    this.#sql = prepareAll(db, SQL);
    const rows = this.#sql.totals.all() as { state: ExecutionState; total: number }[];
    this.totals = new StateTotals(rows.map(({ state, total }) => [state, total]));
  }

  /** Plan ids of executions that have not ended, oldest first. */
  live(): string[] {
    const rows = this.#sql.live.all() as { plan_id: string }[];
    return rows.map((row) => row.plan_id);
  }

  get(planId: string): EncodedExecution | undefined {
    const row = this.#sql.execution.get(planId) as ExecutionRow | undefined;
    if (!row) return undefined;
    const held = rowAttemptOf(row);
    const tried = held ? triedOnce(row, held) : this.#tried(row);
    return { ...storedHead(headOf(row)), plan: row.plan, ...tried };
  }

  #tried(row: ExecutionRow): Tried {
    const results = this.#sql.results.all(row.position) as ResultRow[];
    const attempts = this.#sql.attempts.all(row.position) as AttemptRow[];
    // One result is taken per part, so that a part's id finds it.
    const taken = new Map(results.map((result) => [result.part_id, result]));
    const last = results.find(({ outcome_ms }) => outcome_ms !== null);
    return {
      attempts: attempts.map((attempt) => encodedAttempt(attempt, taken.get(attempt.part_id))),
      takenOrder: [...taken.keys()],
      outcome: encodedOutcome(row, last?.part_id, last?.outcome_ms),
    };
  }

  list({ limit, state, before }: ListQuery): ListPage {
    const below = before === undefined ? Number.MAX_SAFE_INTEGER : this.#positionOf(before);
    const rows = (
      state === undefined
        ? this.#sql.page.all(below, limit)
        : this.#sql.pageOfState.all(state, below, limit)
    ) as HeadRow[];
    return { plans: rows.map((row) => summaryOf(headOf(row))), total: this.totals.of(state) };
  }

  #positionOf(planId: string): number {
    const row = this.#sql.position.get(planId) as { position: number } | undefined;
    if (!row) throw cursorGone(planId);
    return row.position;
  }
}

function encodedAttempt(row: AttemptRow, taken: ResultRow | undefined): EncodedAttempt {
  return {
    partId: row.part_id,
    attempt: row.attempt,
    workerId: row.worker_id,
    incarnation: row.incarnation ?? undefined,
    started: row.started === 1,
    lost: lossOf(row),
    result: taken?.attempt === row.attempt ? taken.result : undefined,
  };
}

/** What the execution's own row holds. */
function triedOnce(row: ExecutionRow, { outcomeMs, ...attempt }: RowAttempt): Tried {
  const { plan_id } = row;
  return {
    attempts: [{ ...attempt, partId: plan_id, attempt: 1, lost: undefined }],
    takenOrder: attempt.result ? [plan_id] : [],
    outcome: encodedOutcome(row, plan_id, outcomeMs),
  };
}

/** `durationMs` is there when that part's result is the outcome. */
function encodedOutcome(
  row: ExecutionRow,
  partId: string | undefined,
  durationMs: number | null | undefined,
): EncodedOutcome | undefined {
  if (row.outcome) {
    return { as: "bytes", bytes: row.outcome, outputOf: row.output_of ?? undefined };
  }
  if (partId === undefined || durationMs === null || durationMs === undefined) return undefined;
  const { workerId, attempts } = headOf(row);
  return { as: "result", outputOf: partId, workerId, attempts, durationMs };
}
