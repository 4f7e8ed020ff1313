import type { Run, WorkerState } from "./state.js";

export function hasFreeSlot({ slots, settings }: WorkerState): boolean {
  return slots.size < settings.slots;
}

/** Whether waiting for a slot makes sense: abandoned calls may keep theirs for ever. */
export function mayFreeSlot(state: WorkerState): boolean {
  return hasFreeSlot(state) || [...state.slots].some((run) => run.phase !== "ended");
}

/** Slots of runs that are in no book any more: their result is out, or unwanted, and calls of theirs still run. */
export function otherSlots({ slots, plans, waiting, streams }: WorkerState): number {
  return slots.size - (plans.size - waiting.length) - streams.size;
}

/** A run's slot is free when it has ended and its last call has returned: an abandoned call keeps it. */
export function releaseSlot({ slots }: WorkerState, run: Run): void {
  if (run.phase === "ended" && run.openCalls === 0) slots.delete(run);
}
