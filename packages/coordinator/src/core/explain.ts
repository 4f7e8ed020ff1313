import { healthOf, whyNoWork } from "./health.js";
import { freeSlots } from "./lanes.js";
import { meets } from "./needs.js";
import { maxAttemptsOf } from "./retries.js";
import type { CoreState, Execution, Needs, Part, Setbacks, Turn, WorkerSession } from "./state.js";

/** Why an execution is not done: what each of its parts runs on or waits for. */
export function explain(turn: Turn, execution: Execution): string[] {
  const { state, now } = turn;
  if (execution.outcome) return [`it ended ${execution.outcome.status}`];
  return [...execution.parts.values()].map((part) => {
    if (part.setbacks?.backoff) return whyLater(turn, part, part.setbacks);
    if (part.workerId === undefined) return whyQueued(state, part);
    return whereHeld(state, now.mono, execution, part);
  });
}

function whyLater({ state, now }: Turn, part: Part, { backoff, tries, reason }: Setbacks): string {
  const seconds = Math.max(0, (backoff?.at ?? 0) - now.mono) / 1000;
  const next = `try ${tries + 1} of ${maxAttemptsOf(state.settings, part.execution)}`;
  return `${nameOf(part)} waits ${seconds.toFixed(1)} s before ${next} after ${reason}`;
}

function whereHeld(state: CoreState, mono: number, execution: Execution, part: Part): string {
  const worker = state.workers.get(part.workerId ?? "");
  const isStopping = execution.state === "Cancelling" || worker?.held.get(part.partId)?.stopping;
  const verb = isStopping ? "is being stopped" : "runs";
  const where = `${nameOf(part)} ${verb} on worker "${part.workerId}", attempt ${part.attempt}`;
  const health = worker && healthOf(worker, state.settings.heartbeatTimeoutMs, mono);
  return health ? `${where}; that worker ${health.reason}` : where;
}

function whyQueued(state: CoreState, part: Part): string {
  const connected = [...state.workers.values()].filter(({ conn }) => conn !== undefined);
  const name = nameOf(part);
  if (connected.length === 0) return `${name} waits: no worker is connected`;
  const fitting = connected.filter((worker) => meets(worker, part.needs));
  if (fitting.length === 0) return `${name} waits: no connected worker ${lacks(state, part.needs)}`;
  if (part.setbacks?.alone) return `${name} waits for ${whySuspect(part.setbacks)}`;
  const free = fitting.filter((worker) => freeSlots(worker) > 0);
  if (free.length > 0)
    return `${name} waits: worker "${free[0]?.workerId}" is still busy with an earlier try of it`;
  const ahead = [...state.lanes.values()].reduce(
    (count, lane) => count + [...lane.queue].filter(({ order }) => order < part.order).length,
    0,
  );
  const slots = fitting.reduce((sum, worker) => sum + worker.slots, 0);
  return `${name} waits for a slot: all ${slots} of ${fitting.length} fitting workers are taken, ${ahead} parts are ahead${asides(fitting)}`;
}

/** Fitting workers that are not taken but take nothing. */
function asides(fitting: readonly WorkerSession[]): string {
  const texts = fitting.flatMap((worker) => {
    const why = whyNoWork(worker);
    return why === undefined ? [] : [`; worker "${worker.workerId}" ${why}`];
  });
  return texts.join("");
}

function whySuspect({ keeper, lastWorker, reason }: Setbacks): string {
  const where = keeper ? `worker "${keeper.workerId}" to itself` : "a worker to itself";
  return `${where}, because it may be why "${lastWorker}" was lost: ${reason}`;
}

function lacks(state: CoreState, { worker, tag, ours, inherited }: Needs): string {
  if (worker !== undefined && !state.workers.has(worker)) return `has the id "${worker}"`;
  if (tag !== undefined)
    return `with the tag "${tag}" offers what it needs: ${ours?.join(", ") ?? "pickled filters"}`;
  if (ours === undefined) return "runs pickled Python filters";
  const missing = ours.filter(
    (name) => ![...state.workers.values()].some(({ filters }) => filters.has(name)),
  );
  const names = (missing.length > 0 ? missing : ours).join(", ");
  const also = inherited ? ", and none of the inherited wire is there" : "";
  return missing.length > 0 ? `offers ${names}${also}` : `offers all of ${names} together${also}`;
}

function nameOf({ partId, leaf }: Part): string {
  return leaf ? `part "${partId}"` : "it";
}
