import type { ExecutionState } from "@planwire/protocol";
import { stalls } from "./explain-stream.js";
import { whyWaiting } from "./explain-queued.js";
import { healthOf } from "./health.js";
import type { CoreState, Execution, Part, Turn } from "./state.js";

/** A plan may have thousands of parts, and an answer should be read. */
const MOST_LINES = 20;

/** Why an execution is not done: what each of its parts runs on or waits for. */
export function explain(turn: Turn, execution: Execution): string[] {
  const unwritten = whyUnwritten(turn, execution);
  if (unwritten !== undefined) return [unwritten];
  const parts = [...execution.parts.values()];
  const told = parts
    .slice(0, MOST_LINES)
    .map((part) =>
      part.workerId === undefined
        ? whyWaiting(turn, part, nameOf(part))
        : whereHeld(turn, execution, part),
    );
  return [...told, ...stalls(turn.state, execution), ...others(parts.slice(MOST_LINES))];
}

/** What is not written is not shown either: only that it is so. */
function whyUnwritten({ state, now }: Turn, execution: Execution): string | undefined {
  const reason = state.retries.get(execution);
  if (reason === undefined) return undefined;
  const inMs = Math.max(0, (state.retryAt ?? now.mono) - now.mono);
  return `it waits for the store, which could not write its last change (${reason}): that is tried again in ${(inMs / 1000).toFixed(1)} s`;
}

/** Its state by what is written: memory runs ahead while the store fails. */
export function writtenState(execution: Execution): ExecutionState {
  const { writing, next, state, cancelledBy, attempts } = execution;
  const pending = [...(writing?.changes ?? []), ...(next?.changes ?? [])];
  if (pending.length === 0) return state;
  const isWritten = !pending.some(({ type }) => type === "wishCancel");
  if (cancelledBy !== undefined && isWritten) return "Cancelling";
  const unwritten = pending.filter(({ type }) => type === "assign").length;
  return attempts > unwritten ? "Running" : "Queued";
}

function whereHeld({ state, now }: Turn, execution: Execution, part: Part): string {
  const worker = state.workers.get(part.workerId ?? "");
  const isStopping = execution.state === "Cancelling" || worker?.held.get(part.partId)?.stopping;
  const where = `${nameOf(part)} ${verbFor(state, part, isStopping ?? false)} on worker "${part.workerId}", attempt ${part.attempt}`;
  const health = worker && healthOf(worker, state.settings.heartbeatTimeoutMs, now.mono);
  return health ? `${where}; that worker ${health.reason}` : where;
}

function verbFor(state: CoreState, part: Part, isStopping: boolean): string {
  if (isStopping) return "is being stopped";
  const worker = state.workers.get(part.workerId ?? "");
  // A peer that knows no attempts does not say when it starts.
  if (!worker?.features.has("attempts")) return "runs";
  return worker.held.get(part.partId)?.started ? "runs" : "waits to start";
}

function others(parts: readonly Part[]): string[] {
  if (parts.length === 0) return [];
  const waiting = parts.filter(({ workerId }) => workerId === undefined).length;
  return [
    `and ${parts.length} more parts: ${parts.length - waiting} with workers, ${waiting} wait`,
  ];
}

function nameOf({ partId, leaf }: Part): string {
  return leaf ? `part "${partId}"` : "it";
}
