// What `--json` writes to stdout: one object a line, each with `event`. Scripts rely on these names.
import {
  encodeText,
  isPlanwireError,
  type ExecutionState,
  type ExecutionSummary,
  type OfferedFilter,
  type Outcome,
  type Value,
  type WireError,
  type WorkerSummary,
} from "@planwire/protocol";
import type { Stdout } from "./stdout.js";

export type LineError = Pick<WireError, "code" | "message"> & Partial<WireError>;

export type JsonLine =
  | { event: "listening"; url: string; store?: string }
  | { event: "registered"; worker_id: string }
  | { event: "accepted"; plan_id: string; existing?: boolean }
  | { event: "refused"; error: LineError }
  /** What ended a command otherwise: the coordinator was not reached, the store could not be opened. */
  | { event: "error"; error: LineError }
  | FinishedLine
  | { event: "cancel"; plan_id: string; taken: boolean; state: ExecutionState }
  | { event: "explained"; plan_id: string; state: ExecutionState; reasons: readonly string[] }
  | { event: "drain"; worker_id: string; active_plans: number; active_streams: number }
  | ({ event: "worker" } & WorkerSummary)
  | ({ event: "filter"; workers: string[] } & OfferedFilter)
  | ({ event: "plan" } & ExecutionSummary)
  /** `dev` has started workers anew after a change, or could not and kept the old ones. */
  | { event: "reloaded"; worker_ids: string[] }
  | { event: "reload_failed"; error: LineError };

/** How an execution ended; values are tagged, so that states can be given back by `--states`. */
export interface FinishedLine {
  event: "finished";
  plan_id: string;
  status: Outcome["status"];
  output?: Value;
  states?: Record<string, Value>;
  error?: LineError;
  worker_id?: string | undefined;
  attempts: number;
  duration_ms: number;
}

export function writeLine(out: Stdout, line: JsonLine): Promise<void> {
  return out.write(`${encodeText(line)}\n`);
}

export function finishedLine(planId: string, outcome: Outcome): FinishedLine {
  const head = { event: "finished", plan_id: planId, status: outcome.status } as const;
  const { worker_id, attempts, duration_ms } = outcome;
  const tail = { worker_id, attempts, duration_ms };
  switch (outcome.status) {
    case "Succeeded":
      return { ...head, output: outcome.output, states: outcome.states, ...tail };
    case "Failed":
      return { ...head, error: outcome.error, ...tail };
    case "Cancelled":
      return {
        ...head,
        error: { code: "CANCELLED", message: `cancelled by ${outcome.by}` },
        ...tail,
      };
  }
}

export function lineError(error: unknown): LineError {
  if (!isPlanwireError(error)) {
    return { code: "INTERNAL", message: error instanceof Error ? error.message : String(error) };
  }
  const { code, message, retryable, hint, details, cause } = error;
  return {
    code,
    message,
    retryable,
    ...(cause instanceof Error && { cause: causeOf(cause) }),
    ...(hint !== undefined && { hint }),
    ...(details !== undefined && { details: details as never }),
  };
}

function causeOf({ name, message, stack }: Error) {
  return { name, message, ...(stack !== undefined && { stack }) };
}
