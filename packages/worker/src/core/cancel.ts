import type { Message } from "@planwire/protocol";
import { cancelPlanRun } from "./plan-runs.js";
import { cancelStream } from "./stream-runs.js";
import type { StreamRun, Turn, WorkerState } from "./state.js";

/**
 * Stops an attempt: signal, grace, then the kill of its isolate; the result follows when it has stopped. A cancel of an attempt that is not
 * here stops nothing, and is answered, so that nobody waits for it.
 */
export function cancelPart(
  state: WorkerState,
  turn: Turn,
  { plan_id: partId, attempt }: Extract<Message, { type: "CancelPlan" }>,
): void {
  const run = state.plans.get(partId);
  if (run !== undefined && isMeant(run.attempt, attempt)) return cancelPlanRun(state, turn, run);
  const stream = streamOf(state, partId);
  if (stream !== undefined && isMeant(stream.attempt, attempt)) {
    return cancelStream(state, turn, stream);
  }
  const finished = state.unacknowledged.get(partId);
  if (finished !== undefined && isMeant(finished.attempt, attempt)) {
    return turn.emit({ type: "send", message: finished.message });
  }
  if (attempt === undefined || !state.session.features.has("attempts")) return;
  turn.emit({
    type: "send",
    message: {
      type: "PlanResult",
      worker_id: state.settings.workerId,
      plan_id: partId,
      attempt,
      result: { status: "Cancelled", duration_ms: 0, stopped: true, how: "queued" },
    },
  });
}

/** A cancel without an attempt means whichever is here. */
function isMeant(held: number, attempt: number | undefined): boolean {
  return attempt === undefined || attempt === held;
}

function streamOf({ streams }: WorkerState, partId: string): StreamRun | undefined {
  for (const stream of streams.values()) if (stream.partId === partId) return stream;
  return undefined;
}
