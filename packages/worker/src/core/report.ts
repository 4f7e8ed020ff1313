import type { KnownWorkerEvent } from "@planwire/protocol";
import type { Run, Turn, WorkerState } from "./state.js";
import { tellEvent } from "./untold.js";

/**
 * Tells what happens in a run while it goes on. Nothing is kept for later: without a connection it is lost, and what matters is in the
 * result. Of a stream only the lines that its filters log are told, else every chunk would be.
 */
export function report(state: WorkerState, turn: Turn, run: Run, event: KnownWorkerEvent): void {
  const { session, settings } = state;
  if (session.phase !== "registered") return;
  const own = session.features.has("attempts");
  if (event.event_type === "Log" ? !own : run.kind === "stream") return;
  if (run.kind === "plan" && session.features.has("together")) {
    return tellEvent(state, turn, run, event);
  }
  turn.emit({
    type: "send",
    message: {
      type: "Event",
      worker_id: settings.workerId,
      plan_id: run.partId,
      event,
      ...(own && { attempt: run.attempt }),
    },
  });
}
