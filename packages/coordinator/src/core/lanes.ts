import { laneKeyOf, meets } from "./needs.js";
import type { CoreState, Lane, Needs, Part, WorkerSession } from "./state.js";

// A lane is all queued work with the same needs, so that a decision's cost does not grow with the queue.

export function enqueue(state: CoreState, part: Part): Lane {
  const lane = laneFor(state, part.needs);
  part.needs = lane.needs;
  if (part.attempt === 0) lane.queue.add(part);
  else {
    lane.returned.push(part);
    lane.returned.sort((a, b) => a.order - b.order);
  }
  state.queued += 1;
  return lane;
}

export function dequeue(state: CoreState, part: Part): void {
  const lane = state.lanes.get(laneKeyOf(part.needs));
  if (!lane) return;
  const index = lane.returned.indexOf(part);
  if (index !== -1) lane.returned.splice(index, 1);
  else if (!lane.queue.delete(part)) return;
  state.queued -= 1;
  if (isEmpty(lane)) state.lanes.delete(lane.key);
}

function isEmpty({ queue, returned }: Lane): boolean {
  return queue.size === 0 && returned.length === 0;
}

/** The part that has waited longest, or longest of those that pass. */
export function oldest(lane: Lane, passes: (part: Part) => boolean = () => true): Part | undefined {
  const part = lane.returned.find(passes);
  if (part) return part;
  for (const queued of lane.queue) if (passes(queued)) return queued;
  return undefined;
}

function laneFor(state: CoreState, needs: Needs): Lane {
  const key = laneKeyOf(needs);
  const known = state.lanes.get(key);
  if (known) return known;
  const workers = [...state.workers.values()].filter((worker) => meets(worker, needs));
  const lane: Lane = { key, needs, queue: new Set(), returned: [], workers: new Set(workers) };
  state.lanes.set(key, lane);
  return lane;
}

/** A worker came, or offers other filters. */
export function joinLanes(state: CoreState, worker: WorkerSession): void {
  for (const lane of state.lanes.values()) {
    if (meets(worker, lane.needs)) lane.workers.add(worker);
    else lane.workers.delete(worker);
  }
}

export function leaveLanes(state: CoreState, worker: WorkerSession): void {
  for (const lane of state.lanes.values()) lane.workers.delete(worker);
}

export function freeSlots(worker: WorkerSession): number {
  return takesWork(worker) ? worker.slots - takenSlots(worker) : 0;
}

function takesWork({ conn, draining, dismissed, full, rival, deaf }: WorkerSession): boolean {
  return conn !== undefined && !draining && dismissed === undefined && !full && !rival && !deaf;
}

/** By what it has been given, and by what it says that others use. */
function takenSlots({ held, otherSlots }: WorkerSession): number {
  return held.size + otherSlots;
}

/** What a worker may still be busy with must not go to it again: a peer of the inherited wire could not tell the answers apart. */
function mayTake(worker: WorkerSession, part: Part): boolean {
  return freeSlots(worker) > 0 && !worker.held.has(part.partId);
}

/** The least loaded worker with a free slot, another than the part's last one where there is one; ties by id. */
export function bestWorker({ workers }: Lane, part: Part): WorkerSession | undefined {
  let best: WorkerSession | undefined;
  for (const worker of workers) {
    if (!mayTake(worker, part)) continue;
    if (!best || isBetter(worker, best, part.lostBy)) best = worker;
  }
  return best;
}

function isBetter(worker: WorkerSession, best: WorkerSession, lostBy: string | undefined): boolean {
  if ((worker.workerId === lostBy) !== (best.workerId === lostBy)) return best.workerId === lostBy;
  const load = takenSlots(worker) / worker.slots - takenSlots(best) / best.slots;
  return load < 0 || (load === 0 && worker.workerId < best.workerId);
}

/** The part that has waited longest of those that this worker may take. */
export function nextPartFor(state: CoreState, worker: WorkerSession): Part | undefined {
  let first: Part | undefined;
  for (const lane of state.lanes.values()) {
    if (!lane.workers.has(worker)) continue;
    const part = oldest(lane, (one) => mayTake(worker, one));
    if (part && (!first || part.order < first.order)) first = part;
  }
  return first;
}
