import type { TerminalState } from "@planwire/protocol";
import { stateOf, type ExecutionHead } from "./execution-head.js";
import type { Column, Database, Statement } from "./sqlite-driver.js";
import type { StoredCut, StoredLoss } from "./store.js";

/** A row of `executions` as SQLite gives it: null where the head has undefined. */
export interface HeadRow {
  readonly position: number;
  readonly plan_id: string;
  readonly kind: ExecutionHead["kind"];
  readonly owner: string;
  readonly version: number;
  readonly name: string | null;
  readonly state: ReturnType<typeof stateOf>;
  readonly submitted_at: number;
  readonly finished_at: number | null;
  readonly expires_at: number | null;
  readonly error_code: string | null;
  readonly cut: string | null;
  readonly cancelled_by: string | null;
  readonly expired: number;
  readonly attempts: number;
  readonly lost: number;
  readonly worker_id: string | null;
}

/** What belongs to the head, in any order: a row may hold values, too. */
export const HEAD = `position, plan_id, kind, owner, version, name, state, submitted_at, finished_at, expires_at, error_code,
  cut, cancelled_by, expired, attempts, lost, worker_id`;

export function headOf(row: HeadRow): ExecutionHead {
  return {
    planId: row.plan_id,
    kind: row.kind,
    owner: row.owner,
    version: row.version,
    name: row.name ?? undefined,
    submittedAt: row.submitted_at,
    finishedAt: row.finished_at ?? undefined,
    expiresAt: row.expires_at ?? undefined,
    ended: row.finished_at === null ? undefined : (row.state as TerminalState),
    errorCode: row.error_code ?? undefined,
    cut: row.cut === null ? undefined : (JSON.parse(row.cut) as StoredCut),
    cancelledBy: row.cancelled_by ?? undefined,
    expired: row.expired === 1,
    attempts: row.attempts,
    lost: row.lost,
    workerId: row.worker_id ?? undefined,
  };
}

/** What an accept settles, in the order of ACCEPTED. */
export function acceptedColumns(head: ExecutionHead): Column[] {
  const { planId, kind, owner, name, submittedAt } = head;
  return [planId, kind, owner, name ?? null, submittedAt];
}
export const ACCEPTED = ["plan_id", "kind", "owner", "name", "submitted_at"];

/** What a write changes that leaves the state as it is, in the order of IN_STATE. */
export function inStateColumns(head: ExecutionHead): Column[] {
  return [
    head.version,
    head.cut === undefined ? null : JSON.stringify(head.cut),
    head.cancelledBy ?? null,
    head.expired ? 1 : 0,
    head.attempts,
    head.lost,
    head.workerId ?? null,
  ];
}
/** No index is over any of these. */
export const IN_STATE = [
  "version",
  "cut",
  "cancelled_by",
  "expired",
  "attempts",
  "lost",
  "worker_id",
];

/** What later writes change, in the order of CHANGING. */
export function changingColumns(head: ExecutionHead): Column[] {
  const { finishedAt = null, expiresAt = null, errorCode = null } = head;
  return [...inStateColumns(head), stateOf(head), finishedAt, expiresAt, errorCode];
}
export const CHANGING = [...IN_STATE, "state", "finished_at", "expires_at", "error_code"];

/** Those columns of an attempt that say how it was lost, in this order. */
export function lossColumns({ reason, cost, alone, retryAt }: StoredLoss): Column[] {
  return [reason, cost, alone ? 1 : 0, retryAt];
}

export interface LossRow {
  readonly lost: string | null;
  readonly lost_cost: StoredLoss["cost"] | null;
  readonly lost_alone: number | null;
  readonly retry_at: number | null;
}

export function lossOf({ lost, lost_cost, lost_alone, retry_at }: LossRow): StoredLoss | undefined {
  if (lost === null) return undefined;
  return {
    reason: lost,
    cost: lost_cost ?? "try",
    alone: lost_alone === 1,
    retryAt: retry_at ?? 0,
  };
}

/** Each statement of a table, prepared once. */
export function prepareAll<Name extends string>(
  db: Database,
  sql: Readonly<Record<Name, string>>,
): Readonly<Record<Name, Statement>> {
  const entries = Object.entries<string>(sql).map(([name, text]) => [name, db.prepare(text)]);
  return Object.fromEntries(entries) as Record<Name, Statement>;
}
