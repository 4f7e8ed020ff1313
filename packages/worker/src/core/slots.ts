import type { Run, WorkerState } from "./state.js";

export function hasFreeSlot({ slots, settings }: WorkerState): boolean {
  return slots.size < settings.slots;
}

/** Whether waiting for a slot makes sense: abandoned calls may keep theirs for ever. */
export function mayFreeSlot(state: WorkerState): boolean {
  return hasFreeSlot(state) || [...state.slots].some((run) => run.phase !== "ended");
}

/** A run's slot is free when it has ended and its last call has returned: an abandoned call keeps it. */
export function releaseSlot({ slots }: WorkerState, run: Run): void {
  if (run.phase === "ended" && run.openCalls === 0) slots.delete(run);
}
