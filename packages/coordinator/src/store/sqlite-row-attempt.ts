import type { ExecutionHead } from "./execution-head.js";
import type { Column } from "./sqlite-driver.js";
import type { EncodedChange } from "./sqlite-messages.js";

/**
 * An attempt that stands in its execution's own row: the first and only one, of the whole plan, and not lost. What else
 * happens to a plan moves it to the table of attempts. Its worker is the row's.
 */
export interface RowAttempt {
  readonly workerId: string;
  readonly incarnation: string | undefined;
  readonly started: boolean;
  /** With the write that ends the execution. */
  readonly result: Uint8Array | undefined;
  readonly outcomeMs: number | undefined;
}

/** Bytes of a value in an execution's own row. SQLite writes the row again with each change, and a page has 4 KiB. */
export const SMALL_BYTES = 1_024;

/**
 * The attempt that the row holds after a write, given the one that it held; undefined when there is none, or when it
 * can't hold what there is. `before` and `after` are the heads.
 */
export function rowAttemptAfter(
  attempt: RowAttempt | undefined,
  changes: readonly EncodedChange[],
  before: Pick<ExecutionHead, "attempts">,
  after: Pick<ExecutionHead, "planId" | "workerId" | "ended">,
): RowAttempt | undefined {
  let held = attempt;
  const others = held ? 0 : before.attempts;
  for (const change of changes) {
    if (!("partId" in change)) continue;
    if (change.partId !== after.planId || change.attempt !== 1 || others > 0) return undefined;
    held = changed(held, change, after.ended !== undefined);
    if (!held) return undefined;
  }
  return held?.workerId === after.workerId ? held : undefined;
}

type OfAttempt = Extract<EncodedChange, { readonly partId: string }>;

function changed(
  attempt: RowAttempt | undefined,
  change: OfAttempt,
  ends: boolean,
): RowAttempt | undefined {
  if (change.type === "assign") return attempt ? undefined : made(change);
  if (!attempt || attempt.result) return undefined;
  switch (change.type) {
    case "started":
      return { ...attempt, started: true };
    case "takeResult":
      // After one that ends nothing there may be other attempts.
      if (!ends || change.result.length > SMALL_BYTES) return undefined;
      return { ...attempt, result: change.result, outcomeMs: change.outcomeMs };
    case "lose":
      return undefined;
  }
}

function made({ workerId, incarnation }: Extract<OfAttempt, { type: "assign" }>): RowAttempt {
  return { workerId, incarnation, started: false, result: undefined, outcomeMs: undefined };
}

/** In the order of ROW_ATTEMPT. */
export function rowAttemptColumns(attempt: RowAttempt | undefined): Column[] {
  if (!attempt) return [null, null, null, null];
  const { started, incarnation = null, result = null, outcomeMs = null } = attempt;
  return [started ? 1 : 0, incarnation, result, outcomeMs];
}
export const ROW_ATTEMPT = ["started", "incarnation", "result", "outcome_ms"];

export interface RowAttemptRow {
  readonly worker_id: string | null;
  readonly started: number | null;
  readonly incarnation: string | null;
  readonly result: Uint8Array | null;
  readonly outcome_ms: number | null;
}

export function rowAttemptOf(row: RowAttemptRow): RowAttempt | undefined {
  if (row.started === null || row.worker_id === null) return undefined;
  return {
    workerId: row.worker_id,
    incarnation: row.incarnation ?? undefined,
    started: row.started === 1,
    result: row.result ?? undefined,
    outcomeMs: row.outcome_ms ?? undefined,
  };
}
