import type { MachineLoad } from "./event.js";
import { heldAttempts, statusOf } from "./register.js";
import type { Turn, WorkerState } from "./state.js";

/** From Registered on: the first heartbeat goes out one interval later. */
export function startHeartbeats({ session }: WorkerState, { now }: Turn): void {
  session.heartbeatAt = now.mono + session.heartbeatIntervalMs;
  session.heartbeatsSent = 0;
  session.heartbeatsAcked = 0;
  session.ackBy = session.features.has("books")
    ? now.mono + session.heartbeatIntervalMs + session.heartbeatTimeoutMs
    : undefined;
}

export function stopHeartbeats({ session }: WorkerState): void {
  session.heartbeatAt = undefined;
  session.ackBy = undefined;
}

/** Asks for the machine's load; the heartbeat leaves with the answer. */
export function heartbeatDue({ session }: WorkerState, turn: Turn): void {
  session.heartbeatAt = turn.now.mono + session.heartbeatIntervalMs;
  turn.emit({ type: "sampleLoad" });
}

export function sendHeartbeat(state: WorkerState, turn: Turn, load: MachineLoad): void {
  const { session, settings, slots, streams, waiting } = state;
  if (session.phase !== "registered") return;
  session.heartbeatsSent += 1;
  turn.emit({
    type: "send",
    message: {
      type: "Heartbeat",
      worker_id: settings.workerId,
      load: {
        ...load,
        active_plans: slots.size - streams.size,
        queue_depth: waiting.length,
        timestamp: new Date(turn.now.wall).toISOString(),
      },
      handled: session.handled,
      held: heldAttempts(state),
      status: statusOf(state),
      active_streams: streams.size,
    },
  });
}

/** The coordinator lives, and has handled all that was sent before the heartbeat. */
export function heartbeatAcknowledged(state: WorkerState, turn: Turn): void {
  const { session } = state;
  if (session.ackBy !== undefined) {
    session.ackBy = turn.now.mono + session.heartbeatIntervalMs + session.heartbeatTimeoutMs;
  }
  session.heartbeatsAcked += 1;
  state.openOffers = state.openOffers.filter(({ offer, heartbeat }) => {
    if (heartbeat > session.heartbeatsAcked) return true;
    turn.emit({ type: "offerDone", offer });
    return false;
  });
}
