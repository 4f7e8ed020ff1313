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
  const { settings, capabilities, offers } = state;
  return {
    type: "Register",
    worker_id: settings.workerId,
    capabilities,
    protocol_version: PROTOCOL_VERSION,
    incarnation: settings.incarnation,
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

/** Attempts from their assignment until their result is acknowledged. */
export function heldAttempts({ plans, streams, unacknowledged }: WorkerState): HeldAttempt[] {
  const running = ({ partId, attempt }: { partId: string; attempt: number }): HeldAttempt => ({
    plan_id: partId,
    attempt,
    state: "running",
  });
  return [
    ...[...plans.values()].map((run): HeldAttempt =>
      run.phase === "assigned" ? { ...running(run), state: "assigned" } : running(run),
    ),
    ...[...streams.values()].map(running),
    ...[...unacknowledged].map(([plan_id, { attempt }]): HeldAttempt => ({
      plan_id,
      attempt,
      state: "finished",
    })),
  ];
}
