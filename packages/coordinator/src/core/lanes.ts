import { isSuspect, keep, keepNoMore, mayKeep, suits } from "./alone.js";
import { freeSlots, loadOf, takesWork } from "./slots.js";
import type { CoreState, Lane, Needs, Part, Turn, WorkerSession } from "./state.js";
import { closeLane, lanesFor, openLane, workersFor } from "./worker-groups.js";

// A lane is all queued work with the same needs, so that a decision's cost does not grow with the queue.

export function enqueue(state: CoreState, part: Part): Lane {
  const lane = laneFor(state, part.needs);
  part.needs = lane.needs;
  if (part.attempt === 0) lane.queue.add(part);
  else lane.returned.splice(placeIn(lane.returned, part), 0, part);
  state.queued += 1;
  return lane;
}

/** Where a part stands, or would stand, among parts by order. */
function placeIn(returned: readonly Part[], { order }: Part): number {
  let from = 0;
  for (let to = returned.length; from < to;) {
    const middle = (from + to) >> 1;
    if ((returned[middle]?.order ?? 0) < order) from = middle + 1;
    else to = middle;
  }
  return from;
}

export function dequeue(turn: Turn, part: Part): void {
  const { state } = turn;
  const lane = state.lanes.get(part.needs.key);
  if (!lane) return;
  const { queue, returned } = lane;
  const place = placeIn(returned, part);
  if (returned[place] === part) returned.splice(place, 1);
  else if (!queue.delete(part)) return;
  state.queued -= 1;
  keepNoMore(turn, part);
  if (queue.size > 0 || returned.length > 0) return;
  state.lanes.delete(lane.needs.key);
  closeLane(state, lane);
}

/** The part that has waited longest, or longest of those that pass. */
export function oldest(lane: Lane, passes: (part: Part) => boolean = () => true): Part | undefined {
  const part = lane.returned.find(passes);
  if (part) return part;
  for (const queued of lane.queue) if (passes(queued)) return queued;
  return undefined;
}

function laneFor(state: CoreState, needs: Needs): Lane {
  const { key } = needs;
  const known = state.lanes.get(key);
  if (known) return known;
  const lane: Lane = { needs, queue: new Set(), returned: [], groups: new Set() };
  state.lanes.set(key, lane);
  openLane(state, lane);
  return lane;
}

/** What a worker may still be busy with must not go to it again: a peer of the inherited wire could not tell the answers apart. */
function mayTake(worker: WorkerSession, part: Part): boolean {
  return freeSlots(worker) > 0 && !worker.held.has(part.partId) && suits(worker, part);
}

/** The least loaded worker with a free slot, another than the part's last one where there is one; ties by id. */
export function bestWorker(state: CoreState, lane: Lane, part: Part): WorkerSession | undefined {
  if (lane.needs.worker === undefined && !part.setbacks) {
    const first = firstFree(lane);
    if (!first || mayTake(first, part)) return first;
  }
  return bestOf(workersFor(state, lane), part, mayTake);
}

function firstFree({ groups }: Lane): WorkerSession | undefined {
  let best: WorkerSession | undefined;
  for (const { free } of groups) {
    const first = free.first();
    if (first && (!best || isBetter(first, best, undefined))) best = first;
  }
  return best;
}

/** Keeps a worker for a suspect that finds none empty. */
export function keepOne(state: CoreState, lane: Lane, part: Part): void {
  if (!isSuspect(part)) return;
  const worker = bestOf(workersFor(state, lane), part, mayKeepNow);
  if (worker) keep(worker, part);
}

function mayKeepNow(worker: WorkerSession, part: Part): boolean {
  return mayKeep(worker, part) && takesWork(worker);
}

function bestOf(
  workers: Iterable<WorkerSession>,
  part: Part,
  passes: (worker: WorkerSession, part: Part) => boolean,
): WorkerSession | undefined {
  let best: WorkerSession | undefined;
  for (const worker of workers) {
    if (!passes(worker, part)) continue;
    if (!best || isBetter(worker, best, part.setbacks?.lastWorker)) best = worker;
  }
  return best;
}

function isBetter(worker: WorkerSession, best: WorkerSession, last: string | undefined): boolean {
  if ((worker.workerId === last) !== (best.workerId === last)) return best.workerId === last;
  const load = loadOf(worker) - loadOf(best);
  return load < 0 || (load === 0 && worker.workerId < best.workerId);
}

/** The part that has waited longest of those that this worker may take; none, where that is a suspect for which it must run dry first. */
export function nextPartFor(state: CoreState, worker: WorkerSession): Part | undefined {
  let first: Part | undefined;
  for (const lane of lanesFor(state, worker)) {
    const part = oldest(lane, (one) => mayTake(worker, one) || mayRunDryFor(worker, one));
    if (part && (!first || part.order < first.order)) first = part;
  }
  if (!first || mayTake(worker, first)) return first;
  keep(worker, first);
  return undefined;
}

function mayRunDryFor(worker: WorkerSession, part: Part): boolean {
  const keeper = part.setbacks?.keeper;
  return mayKeep(worker, part) && (keeper === undefined || !takesWork(keeper));
}
