import { FreeWorkers } from "./free-workers.js";
import { canRun, type Runs } from "./needs.js";
import type { CoreState, Lane, Needs, WorkerGroup, WorkerSession } from "./state.js";

// Workers that offer the same filters are one group. A lane knows the groups that may take its parts, not the workers, so that neither a part that
// comes nor a slot that comes free costs more where there are many workers.

const NONE: readonly WorkerGroup[] = [];

/** Groups by a tag that are kept for lanes to come. */
const MOST_TAGGED = 100;

/** A worker came, or offers something else. */
export function joinGroup(state: CoreState, worker: WorkerSession): void {
  leaveGroup(state, worker);
  const group = groupFor(state, worker);
  worker.group = group;
  for (const one of groupsOf(worker)) one.members.add(worker);
}

export function leaveGroup(state: CoreState, worker: WorkerSession): void {
  const { group } = worker;
  if (!group) return;
  for (const one of [group, ...group.tagged.values()]) {
    one.members.delete(worker);
    one.free.remove(worker);
  }
  worker.group = undefined;
  if (group.members.size > 0) return;
  state.groups.delete(group.key);
  for (const one of [group, ...group.tagged.values()]) {
    for (const lane of one.lanes) lane.groups.delete(one);
  }
}

/** Whenever it may have become freer. */
export function placeFree(worker: WorkerSession): void {
  for (const { free } of groupsOf(worker)) free.place(worker);
}

/** All lanes in which something waits that this worker might take. */
export function* lanesFor(state: CoreState, worker: WorkerSession): Generator<Lane> {
  for (const { lanes } of groupsOf(worker)) yield* lanes;
  // To be named is not to have the filters.
  for (const lane of state.lanesByWorker.get(worker.workerId) ?? [])
    if (isFor(worker, lane.needs)) yield lane;
}

/** Those that meet the needs, with or without a free slot. */
export function* workersFor(
  { workers }: CoreState,
  { needs, groups }: Lane,
): Generator<WorkerSession> {
  const named = needs.worker === undefined ? undefined : workers.get(needs.worker);
  if (named && isFor(named, needs)) yield named;
  for (const { members } of groups) yield* members;
}

/** Something waits with these needs. */
export function openLane(state: CoreState, lane: Lane): void {
  const { worker } = lane.needs;
  if (worker !== undefined) {
    const lanes = state.lanesByWorker.get(worker) ?? new Set();
    state.lanesByWorker.set(worker, lanes.add(lane));
    return;
  }
  for (const group of state.groups.values()) link(group, lane);
}

export function closeLane(state: CoreState, lane: Lane): void {
  const { worker } = lane.needs;
  for (const { lanes } of lane.groups) lanes.delete(lane);
  const lanes = worker === undefined ? undefined : state.lanesByWorker.get(worker);
  lanes?.delete(lane);
  if (worker !== undefined && lanes?.size === 0) state.lanesByWorker.delete(worker);
}

function link(group: WorkerGroup, lane: Lane): void {
  const { needs } = lane;
  if (!canRun(group, needs)) return;
  const one = needs.tag === undefined ? group : taggedGroup(group, needs.tag);
  lane.groups.add(one);
  one.lanes.add(lane);
}

function groupFor(state: CoreState, worker: WorkerSession): WorkerGroup {
  const { inherited, filters } = worker;
  const key = JSON.stringify([inherited, [...filters].sort()]);
  const known = state.groups.get(key);
  if (known) return known;
  const group = newGroup(key, { inherited, filters });
  state.groups.set(key, group);
  for (const lane of state.lanes.values()) if (lane.needs.worker === undefined) link(group, lane);
  return group;
}

/** The members with one tag, made when a lane first asks for it. */
function taggedGroup(group: WorkerGroup, tag: string): WorkerGroup {
  const known = group.tagged.get(tag);
  if (known) return known;
  dropUnused(group);
  const tagged = newGroup(group.key, group);
  group.tagged.set(tag, tagged);
  for (const worker of group.members) {
    if (!worker.tags.has(tag)) continue;
    tagged.members.add(worker);
    tagged.free.place(worker);
  }
  return tagged;
}

function dropUnused({ tagged }: WorkerGroup): void {
  if (tagged.size < MOST_TAGGED) return;
  for (const [tag, { lanes }] of tagged) if (lanes.size === 0) tagged.delete(tag);
}

function newGroup(key: string, { inherited, filters }: Runs): WorkerGroup {
  return {
    key,
    inherited,
    filters,
    members: new Set(),
    free: new FreeWorkers(),
    lanes: new Set(),
    tagged: new Map(),
  };
}

function groupsOf({ group, tags }: WorkerSession): readonly WorkerGroup[] {
  if (!group) return NONE;
  const groups = [group];
  for (const [tag, tagged] of group.tagged) if (tags.has(tag)) groups.push(tagged);
  return groups;
}

function isFor({ group, tags }: WorkerSession, needs: Needs): boolean {
  if (!group || !canRun(group, needs)) return false;
  return needs.tag === undefined || tags.has(needs.tag);
}
