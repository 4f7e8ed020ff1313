import {
  FEATURES,
  PROTOCOL_VERSION,
  type HeldAttempt,
  type Register,
  type WorkerStatus,
} from "@planwire/protocol";
import type { WorkerState } from "./state.js";

/** What this worker is, offers and holds. */
export function registerMessage(state: WorkerState): Register {
  const { settings, capabilities, offers, session } = state;
  return {
    type: "Register",
    worker_id: settings.workerId,
    capabilities,
    protocol_version: PROTOCOL_VERSION,
    incarnation: settings.incarnation,
    connection: session.connection,
    implementation: "planwire",
    version: settings.version,
    status: statusOf(state),
    filters: offers.offered(),
    max_concurrent: settings.slots,
    features: [...FEATURES],
    resume: heldAttempts(state),
  };
}

export function statusOf({ draining, slots, settings }: WorkerState): WorkerStatus {
  if (draining !== undefined) return "draining";
  return slots.size < settings.slots ? "ready" : "busy";
}

/** Attempts from their assignment until their result is acknowledged; `running` from the first leaf on. */
export function heldAttempts({ plans, streams, unacknowledged }: WorkerState): HeldAttempt[] {
  const held: HeldAttempt[] = [];
  for (const { partId: plan_id, attempt, toldStarted } of plans.values()) {
    held.push({ plan_id, attempt, state: toldStarted ? "running" : "assigned" });
  }
  for (const { partId: plan_id, attempt } of streams.values()) {
    held.push({ plan_id, attempt, state: "running" });
  }
  for (const [plan_id, { attempt }] of unacknowledged) {
    held.push({ plan_id, attempt, state: "finished" });
  }
  return held;
}
