import type { HeartbeatAck } from "@planwire/protocol";
import { compareBooks } from "./books.js";
import type { MachineLoad } from "./event.js";
import { heldAttempts, statusOf } from "./register.js";
import { callCounts } from "./call-counts.js";
import { otherSlots } from "./slots.js";
import type { Turn, WorkerState } from "./state.js";

/** How soon the coordinator is told that slots were taken or freed behind its back. */
const SOON_MS = 100;

/** From Registered on: the first heartbeat goes out one interval later. */
export function startHeartbeats({ session }: WorkerState, { now }: Turn): void {
  session.heartbeatAt = now.mono + session.heartbeatIntervalMs;
  session.heartbeatsSent = 0;
  session.heartbeatsAcked = 0;
  session.otherSlotsTold = 0;
  session.ackBy = session.features.has("books")
    ? now.mono + session.heartbeatIntervalMs + session.heartbeatTimeoutMs
    : undefined;
}

export function stopHeartbeats({ session }: WorkerState): void {
  session.heartbeatAt = undefined;
  session.ackBy = undefined;
}

/** Asks for the machine's load; the heartbeat leaves with the answer. */
export function heartbeatDue(state: WorkerState, turn: Turn): void {
  const { session } = state;
  session.otherSlotsTold = otherSlots(state);
  session.heartbeatAt = turn.now.mono + session.heartbeatIntervalMs;
  turn.emit({ type: "sampleLoad" });
}

export function sendHeartbeat(
  state: WorkerState,
  turn: Turn,
  load: MachineLoad,
  mainBlockedMs: number | undefined,
): void {
  const { session, settings, slots, streams, waiting } = state;
  if (session.phase !== "registered") return;
  session.heartbeatsSent += 1;
  session.otherSlotsTold = otherSlots(state);
  const calls = callCounts(state);
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
      ...(session.otherSlotsTold > 0 && { other_slots: session.otherSlotsTold }),
      ...(calls.length > 0 && { calls }),
      ...(mainBlockedMs !== undefined && { main_blocked_ms: Math.round(mainBlockedMs) }),
    },
  });
}

/** Called at the end of every step: calls that could not be stopped have taken a slot, or given it back. */
export function tellOtherSlots(state: WorkerState, { now }: Turn): void {
  const { session } = state;
  if (session.heartbeatAt === undefined || otherSlots(state) === session.otherSlotsTold) return;
  session.heartbeatAt = Math.min(session.heartbeatAt, now.mono + SOON_MS);
}

/** The coordinator lives, and has handled all that was sent before the heartbeat. */
export function heartbeatAcknowledged(
  state: WorkerState,
  turn: Turn,
  { held }: HeartbeatAck,
): void {
  const { session } = state;
  if (session.ackBy !== undefined) {
    session.ackBy = turn.now.mono + session.heartbeatIntervalMs + session.heartbeatTimeoutMs;
  }
  // A coordinator that says it more often than it was asked tells nothing by that.
  session.heartbeatsAcked = Math.min(session.heartbeatsAcked + 1, session.heartbeatsSent);
  if (held !== undefined) compareBooks(state, turn, held);
  state.openOffers = state.openOffers.filter(({ offer, heartbeat }) => {
    if (heartbeat > session.heartbeatsAcked) return true;
    turn.emit({ type: "offerDone", offer });
    return false;
  });
}
