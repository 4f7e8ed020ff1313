import type { KnownWorkerEvent, WorkerEvent } from "@planwire/protocol";
import type { PlanRun, Turn, WorkerState } from "./state.js";

// What a part has to tell while it runs waits a moment: most parts are over by then, and what happened in them travels with the result.
// (Of the five messages that a small plan costs the coordinator to read, that saves three: measured, a sixth of its time for a plan.)

/** How long an attempt's start waits for company: a part that takes the process with it must be known to have run. */
const START_WAITS_MS = 2;
/** How long what happens in a part waits for its result: too short for anybody to see. */
const EVENTS_WAIT_MS = 100;
/** So many events of one part don't wait. */
const MOST_UNTOLD = 32;
/** So many attempts one Started names. */
const MOST_STARTED = 1_000;

/** The attempt's first leaf has started. Towards a peer that takes no news together it is told at once. */
export function tellStarted(state: WorkerState, turn: Turn, run: PlanRun): void {
  const { session, untold } = state;
  if (session.phase !== "registered" || !session.features.has("attempts")) return;
  untold.started.add(run);
  untold.startedAt ??= turn.now.mono + START_WAITS_MS;
  if (!session.features.has("together") || untold.started.size >= MOST_STARTED) {
    sendStarted(state, turn);
  }
}

export function tellEvent(
  state: WorkerState,
  turn: Turn,
  run: PlanRun,
  event: KnownWorkerEvent,
): void {
  const { untold } = state;
  run.untold.push(event);
  untold.events.add(run);
  untold.eventsAt ??= turn.now.mono + EVENTS_WAIT_MS;
  if (run.untold.length >= MOST_UNTOLD) sendEvents(state, turn, run);
}

/** The result is about to go: it says by itself that the attempt started, and takes along what happened. */
export function takeUntold({ untold }: WorkerState, run: PlanRun): readonly WorkerEvent[] {
  untold.started.delete(run);
  untold.events.delete(run);
  return run.untold.splice(0);
}

/** When the next of it has waited long enough. */
export function untoldAt({ untold }: WorkerState): number {
  return Math.min(untold.startedAt ?? Infinity, untold.eventsAt ?? Infinity);
}

export function tellWhatWaited(state: WorkerState, turn: Turn): void {
  const { untold } = state;
  const { mono } = turn.now;
  if (untold.startedAt !== undefined && untold.startedAt <= mono) sendStarted(state, turn);
  if (untold.eventsAt === undefined || untold.eventsAt > mono) return;
  for (const run of untold.events) sendEvents(state, turn, run);
  untold.eventsAt = undefined;
}

/** Without a connection nothing is told later: what matters is in the result. */
export function forgetUntold({ untold }: WorkerState): void {
  for (const run of untold.events) run.untold.length = 0;
  untold.events.clear();
  untold.started.clear();
  untold.startedAt = undefined;
  untold.eventsAt = undefined;
}

function sendStarted({ untold }: WorkerState, turn: Turn): void {
  const [first, ...others] = [...untold.started];
  untold.started.clear();
  untold.startedAt = undefined;
  if (first === undefined) return;
  const also = others.map(({ partId, attempt }): [string, number] => [partId, attempt]);
  const { partId: plan_id, attempt } = first;
  const message = { type: "Started", plan_id, attempt, ...(also.length > 0 && { also }) } as const;
  turn.emit({ type: "send", message });
}

function sendEvents(state: WorkerState, turn: Turn, run: PlanRun): void {
  state.untold.events.delete(run);
  if (state.untold.started.has(run)) sendStarted(state, turn);
  const { partId: plan_id, attempt } = run;
  const { workerId: worker_id } = state.settings;
  for (const event of run.untold.splice(0)) {
    turn.emit({ type: "send", message: { type: "Event", worker_id, plan_id, event, attempt } });
  }
}
