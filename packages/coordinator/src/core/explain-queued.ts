import { healthOf, whyNoWork } from "./health.js";
import { meets } from "./needs.js";
import { maxAttemptsOf } from "./retries.js";
import { freeSlots } from "./slots.js";
import type { CoreState, Lane, Needs, Part, Setbacks, Turn, WorkerSession } from "./state.js";
import { lanesFor, workersFor } from "./worker-groups.js";

/** Queued parts that are looked at to count those ahead: an answer must not cost what the queue does. */
const MOST_COUNTED = 10_000;
/** Names in one line: of filters that are missing, of plans that are ahead, of workers. */
const MOST_NAMES = 3;

/** Why a part is with no worker. */
export function whyWaiting(turn: Turn, part: Part, name: string): string {
  const { setbacks } = part;
  if (setbacks?.backoff) return `${name} ${whyLater(turn, part, setbacks)}`;
  return `${name} ${whyQueued(turn, part)}`;
}

function whyLater({ state, now }: Turn, part: Part, { backoff, tries, reason }: Setbacks): string {
  const seconds = Math.max(0, (backoff?.at ?? 0) - now.mono) / 1000;
  const next = `try ${tries + 1} of ${maxAttemptsOf(state.settings, part.execution)}`;
  return `waits ${seconds.toFixed(1)} s before ${next} after ${reason}`;
}

function whySuspect({ keeper, lastWorker, reason }: Setbacks): string {
  const where = keeper ? `worker "${keeper.workerId}" to itself` : "a worker to itself";
  return `${where}, because it may be why "${lastWorker}" was lost: ${reason}`;
}

function whyQueued(turn: Turn, part: Part): string {
  const { state } = turn;
  const { needs } = part;
  const workers = [...state.workers.values()];
  const connected = workers.filter(({ conn }) => conn !== undefined);
  const fitting = connected.filter((worker) => meets(worker, needs));
  if (fitting.length === 0) {
    const lost = workers.filter(({ conn }) => conn === undefined);
    const why = connected.length === 0 ? "no worker is connected" : unmet(connected, needs);
    return `waits: ${why}${mayComeBack(turn, lost, needs)}`;
  }
  if (part.setbacks?.alone) return `waits for ${whySuspect(part.setbacks)}`;
  const free = fitting.find((worker) => freeSlots(worker) > 0);
  if (free) return `waits: worker "${free.workerId}" is still busy with an earlier try of it`;
  return `waits for a slot: ${taken(fitting)}${takenBy(fitting)}, ${ahead(state, part)}${asides(fitting)}`;
}

function taken(fitting: readonly WorkerSession[]): string {
  const slots = fitting.reduce((sum, worker) => sum + worker.slots, 0);
  const [only] = fitting;
  if (fitting.length > 1)
    return `all ${slots} slots of ${fitting.length} workers that fit are taken`;
  const whose = `worker "${only?.workerId}", which alone fits,`;
  return slots === 1 ? `the slot of ${whose} is taken` : `all ${slots} slots of ${whose} are taken`;
}

/** Of workers that are gone for now, one that would do. */
function mayComeBack({ state, now }: Turn, lost: readonly WorkerSession[], needs: Needs): string {
  const worker = lost.find((one) => meets(one, needs) || one.workerId === needs.worker);
  const health = worker && healthOf(worker, state.settings.heartbeatTimeoutMs, now.mono);
  return worker && health ? `; worker "${worker.workerId}" ${health.reason}` : "";
}

/** What all workers lack, and what the one lacks that comes closest. */
function unmet(connected: readonly WorkerSession[], needs: Needs): string {
  const { worker, ours } = needs;
  if (worker !== undefined && !connected.some(({ workerId }) => workerId === worker)) {
    return `no connected worker has the id "${worker}", which it asks for`;
  }
  if (ours === undefined) return "no connected worker runs pickled Python filters";
  let closest: { worker: WorkerSession; lacks: string[] } | undefined;
  for (const one of connected) {
    if (worker !== undefined && one.workerId !== worker) continue;
    const lacks = lackedBy(one, needs);
    if (!closest || isCloser(one, lacks, closest)) closest = { worker: one, lacks };
  }
  if (!closest) return "no connected worker meets what it asks for";
  const nobody = ours.filter((name) => !connected.some(({ filters }) => filters.has(name)));
  const what =
    nobody.length > 0
      ? `no connected worker offers ${list(nobody)}`
      : "no connected worker has all that it asks for";
  return `${what}; the closest, worker "${closest.worker.workerId}", lacks ${list(closest.lacks)}`;
}

function isCloser(
  { workerId }: WorkerSession,
  lacks: readonly string[],
  closest: { worker: WorkerSession; lacks: readonly string[] },
): boolean {
  const fewer = lacks.length - closest.lacks.length;
  return fewer < 0 || (fewer === 0 && workerId < closest.worker.workerId);
}

function lackedBy(worker: WorkerSession, { tag, ours = [], inherited }: Needs): string[] {
  const lacks = tag === undefined || worker.tags.has(tag) ? [] : [`the tag "${tag}"`];
  if (worker.inherited) return inherited ? lacks : [...lacks, "filters that a plan names"];
  const missing = ours.filter((name) => !worker.filters.has(name));
  return [...lacks, ...missing.map((name) => lackedFilter(worker, name))];
}

/** `f@1`, and which version it has instead. */
function lackedFilter({ offered }: WorkerSession, wanted: string): string {
  const other = offered.find(({ name }) => wanted.startsWith(`${name}@`));
  const has = other && (other.version === undefined ? "none that is named" : other.version);
  return `filter "${wanted}"${has === undefined ? "" : ` (its version is ${has})`}`;
}

function takenBy(fitting: readonly WorkerSession[]): string {
  const held = fitting.flatMap((worker) => [...worker.held.values()].slice(0, MOST_NAMES));
  const names = held
    .slice(0, MOST_NAMES)
    .map(
      ({ planId, abandoned }) => `"${planId}"${abandoned ? " (stopped, its call goes on)" : ""}`,
    );
  const all = fitting.reduce((sum, worker) => sum + worker.held.size, 0);
  if (names.length === 0) return "";
  const more = all > names.length ? ` and ${all - names.length} more` : "";
  return ` by ${names.join(", ")}${more}`;
}

/** Fitting workers that are not taken but take nothing. */
function asides(fitting: readonly WorkerSession[]): string {
  return fitting
    .flatMap((worker) => {
      const why = whyNoWork(worker);
      return why === undefined ? [] : [`; worker "${worker.workerId}" ${why}`];
    })
    .slice(0, MOST_NAMES)
    .join("");
}

/** How many parts that the same workers may take came earlier. */
function ahead(state: CoreState, part: Part): string {
  let [found, seen] = [0, 0];
  for (const lane of lanesBefore(state, part)) {
    for (const one of earlierIn(lane, part)) {
      seen += 1;
      if (seen > MOST_COUNTED) return `more than ${MOST_COUNTED} parts are ahead`;
      if (one.order < part.order) found += 1;
    }
  }
  return found === 1 ? "1 part is ahead" : `${found} parts are ahead`;
}

/** Its own lane, and those that its workers serve, too: one of each group of workers that are alike stands for all. */
function lanesBefore(state: CoreState, part: Part): Set<Lane> {
  const own = state.lanes.get(part.needs.key);
  const lanes = new Set<Lane>();
  if (!own) return lanes;
  const named = part.needs.worker === undefined ? [] : workersFor(state, own);
  for (const worker of named) addUpTo(lanes, lanesFor(state, worker));
  for (const { members } of own.groups) {
    const [member] = members;
    if (member) addUpTo(lanes, lanesFor(state, member));
  }
  return lanes.add(own);
}

function addUpTo(lanes: Set<Lane>, more: Iterable<Lane>): void {
  for (const lane of more) {
    if (lanes.size >= MOST_COUNTED) return;
    lanes.add(lane);
  }
}

/** What came back goes first; the queue itself is in the order of arrival. */
function* earlierIn({ returned, queue }: Lane, part: Part): Iterable<Part> {
  yield* returned;
  for (const one of queue) {
    if (one.order >= part.order) return;
    yield one;
  }
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(", ");
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown;
}
