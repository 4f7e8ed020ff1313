import { isEmpty, suspectOf } from "./alone.js";
import type { WorkerSession } from "./state.js";

// How much of a worker is taken. By what it has been given, and by what it says that others use.

export function freeSlots(worker: WorkerSession): number {
  if (!takesWork(worker)) return 0;
  if (suspectOf(worker)) return isEmpty(worker) ? 1 : 0;
  return worker.slots - takenSlots(worker);
}

export function takesWork(worker: WorkerSession): boolean {
  const { conn, draining, dismissed, full, rival, deaf } = worker;
  return conn !== undefined && !draining && dismissed === undefined && !full && !rival && !deaf;
}

/** The share of its slots that is taken. */
export function loadOf(worker: WorkerSession): number {
  return takenSlots(worker) / worker.slots;
}

function takenSlots({ held, otherSlots }: WorkerSession): number {
  return held.size + otherSlots;
}
