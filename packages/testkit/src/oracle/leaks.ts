import type { ClientState } from "@planwire/client/core";
import type { CoreState } from "@planwire/coordinator/core";
import type { WorkerState } from "@planwire/worker/core";

// The one place where the oracle reads a core's fields: when everything has ended, nothing must be left of it.

export function leaksOfCoordinator(state: Readonly<CoreState>): string[] {
  const live = [...state.executions.values()].filter(({ outcome }) => outcome === undefined);
  return [
    ...live.map(({ planId }) => `the coordinator keeps ${planId} among those that live`),
    ...[...state.workers.values()].flatMap(({ workerId, held, full, rival }) => [
      ...[...held.keys()].map(
        (partId) => `the coordinator keeps a slot of ${workerId} for ${partId}`,
      ),
      ...left(`the coordinator thinks ${workerId} full`, full ? 1 : 0),
      ...left(`the coordinator keeps a rival of ${workerId}`, rival === undefined ? 0 : 1),
    ]),
    ...[...state.connections.values()].flatMap(({ id, watches, streams, questions }) => [
      ...left(`watches of ${id}`, watches.size),
      ...left(`streams of ${id}`, streams.size),
      ...left(`questions of ${id}`, questions),
    ]),
    ...left("lanes", state.lanes.size),
    ...left("queued parts", state.queued),
    ...left("streams", state.streams.size),
    ...left("writes", state.writes.size),
    ...left("unwritten executions", state.unwritten.size),
    ...left("writes to be tried again", state.retries.size),
    ...left("questions to the disk", state.loads.size + state.lists.size),
    ...left(
      "ended executions above their bound",
      Math.max(0, state.ended.size - state.settings.maxEnded),
    ),
  ];
}

export function leaksOfWorker(name: string, state: WorkerState): string[] {
  return [
    ...left(`plans of ${name}`, state.plans.size),
    ...left(`waiting parts of ${name}`, state.waiting.length),
    ...left(`streams of ${name}`, state.streams.size),
    ...left(`slots of ${name}`, state.slots.size),
    ...left(`calls of ${name}`, state.calls.size),
    ...left(`timed calls of ${name}`, state.timed.size),
    ...left(`unacknowledged results of ${name}`, state.unacknowledged.size),
    ...left(`bytes of unacknowledged results of ${name}`, state.unacknowledgedBytes),
  ];
}

export function leaksOfClient(name: string, state: ClientState): string[] {
  return [
    ...left(`requests of ${name}`, state.requests.pending.size),
    ...left(`watches of ${name}`, state.watches.size),
    ...left(`watch requests of ${name}`, state.watchRequests.size),
    ...left(`streams of ${name}`, state.streams.size),
  ];
}

function left(what: string, count: number): string[] {
  return count === 0 ? [] : [`${count} left: ${what}`];
}
