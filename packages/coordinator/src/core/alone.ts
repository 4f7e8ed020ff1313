import type { Part, Turn, WorkerSession } from "./state.js";

// A worker that dies with several attempts started leaves several suspects. Each runs alone on its next try: on a worker that holds
// nothing else, and gets nothing else meanwhile. Where no worker is empty, one is kept for it: it gets nothing more, and runs dry.

export function isSuspect({ setbacks }: Part): boolean {
  return setbacks?.alone ?? false;
}

/** The suspect that this worker runs, or runs dry for. */
export function suspectOf(worker: WorkerSession): Part | undefined {
  const { keptFor } = worker;
  if (!keptFor) return undefined;
  const isThere = worker.held.get(keptFor.partId)?.alone === true;
  return isThere || keptFor.setbacks?.keeper === worker ? keptFor : undefined;
}

export function isEmpty({ held, otherSlots }: WorkerSession): boolean {
  return held.size === 0 && otherSlots === 0;
}

/** Whether this worker, which has a slot, may have the part now. */
export function suits(worker: WorkerSession, part: Part): boolean {
  const suspect = suspectOf(worker);
  if (suspect) return suspect === part && isEmpty(worker);
  return !isSuspect(part) || isEmpty(worker);
}

/** Whether the worker may begin to run dry for the part. */
export function mayKeep(worker: WorkerSession, part: Part): boolean {
  return isSuspect(part) && !suspectOf(worker);
}

export function keep(worker: WorkerSession, part: Part): void {
  if (!part.setbacks) return;
  worker.keptFor = part;
  part.setbacks.keeper = worker;
}

/** The part waits no more: whoever was kept for it may work again. */
export function keepNoMore(turn: Turn, { setbacks }: Part): void {
  const worker = setbacks?.keeper;
  if (!setbacks || !worker) return;
  setbacks.keeper = undefined;
  turn.agenda.push({ do: "fillSlots", worker });
}
