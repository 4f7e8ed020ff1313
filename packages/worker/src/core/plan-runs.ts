import type { AssignPlan, Message, WireError } from "@planwire/protocol";
import { failedResult, resultOf } from "./results.js";
import { hasFreeSlot, mayFreeSlot, releaseSlot } from "./slots.js";
import type { PlanRun, Turn, WalkEnd, WorkerState } from "./state.js";
import { deliver, hasRoomForResults } from "./unacknowledged.js";
import { takeUntold, tellStarted } from "./untold.js";
import { beginWalk, cancelWalk, inputOf, newWalk } from "./walk.js";

/** Takes an assignment: it runs, waits for a slot, or is answered Busy. */
export function assignPlan(
  state: WorkerState,
  turn: Turn,
  { plan, attempt = 1 }: AssignPlan,
): void {
  const { plans, waiting, settings } = state;
  const partId = plan.plan_id;
  const finished = state.unacknowledged.get(partId);
  if (finished?.attempt === attempt) return turn.emit({ type: "send", message: finished.message });
  const known = plans.get(partId);
  if (known !== undefined && known.attempt >= attempt) return;
  // The coordinator has given the older one up, whether there is room for the newer one or not.
  if (known !== undefined) dropRun(state, turn, known);
  const answerBusy = () =>
    turn.emit({ type: "send", message: { type: "Busy", plan_id: partId, attempt } });
  if (state.draining !== undefined || !hasRoomForResults(state)) return answerBusy();
  if (!hasFreeSlot(state) && waiting.length >= settings.prefetch) return answerBusy();
  if (!mayFreeSlot(state)) return answerBusy();
  const run: PlanRun = {
    kind: "plan",
    partId,
    attempt,
    plan,
    phase: "assigned",
    startedAt: turn.now.mono,
    toldStarted: false,
    untold: [],
    walk: undefined,
    openCalls: 0,
    unwanted: false,
  };
  plans.set(partId, run);
  waiting.push(run);
}

/** Gives free slots to what waits. Called at the end of every step, so that nothing else needs to. */
export function startWaiting(state: WorkerState, turn: Turn): void {
  while (hasFreeSlot(state)) {
    const run = state.waiting.shift();
    if (run === undefined) return;
    start(state, turn, run);
  }
  if (state.waiting.length > 0 && !mayFreeSlot(state)) giveBackWaiting(state, turn);
}

function start(state: WorkerState, turn: Turn, run: PlanRun): void {
  state.slots.add(run);
  run.phase = "running";
  run.startedAt = turn.now.mono;
  const { program, missing } = state.offers.programOf(run.plan);
  if (missing.length > 0) return fail(state, turn, run, noSuchFilter(missing, state));
  const input = inputOf(run.plan);
  if ("error" in input) return fail(state, turn, run, input.error);
  run.walk = newWalk(run, run.plan, program);
  planWalkEnded(state, turn, run, beginWalk(state, turn, run.walk, input.value));
}

/** The first leaf has begun: from here on the attempt counts if this worker dies. */
export function planLeafStarted(state: WorkerState, turn: Turn, run: PlanRun): void {
  if (run.toldStarted) return;
  run.toldStarted = true;
  tellStarted(state, turn, run);
}

/** What came of a step of its walk: nothing yet, or its end. */
export function planWalkEnded(
  state: WorkerState,
  turn: Turn,
  run: PlanRun,
  end: WalkEnd | undefined,
): void {
  if (end === undefined) return;
  finish(state, run);
  if (run.unwanted) return;
  deliver(state, turn, run, resultOf(end, run.walk?.stopped, turn.now.mono - run.startedAt));
}

export function cancelPlanRun(state: WorkerState, turn: Turn, run: PlanRun): void {
  if (run.walk !== undefined) {
    return planWalkEnded(state, turn, run, cancelWalk(state, turn, run.walk));
  }
  removeWaiting(state, run);
  planWalkEnded(state, turn, run, { status: "Cancelled" });
}

/** Stops an attempt whose result nobody wants. Its slot is free when its calls have stopped. */
export function dropRun(state: WorkerState, turn: Turn, run: PlanRun): void {
  run.unwanted = true;
  takeUntold(state, run);
  // It is out of the books at once, whatever its calls still do.
  if (state.plans.get(run.partId) === run) state.plans.delete(run.partId);
  cancelPlanRun(state, turn, run);
}

/** A prefetched assignment is given back; one that has started is not. */
export function recallPlan(
  state: WorkerState,
  turn: Turn,
  { id, attempt }: Extract<Message, { type: "Recall" }>,
): void {
  const run = state.plans.get(id);
  const held = run?.attempt === attempt ? run : undefined;
  if (held?.phase === "running" || state.unacknowledged.get(id)?.attempt === attempt) {
    return turn.emit({ type: "send", message: { type: "Started", plan_id: id, attempt } });
  }
  if (held !== undefined) giveBack(state, turn, held);
  else turn.emit({ type: "send", message: { type: "Recalled", plan_id: id, attempt } });
}

/** Gives all that waits for a slot back to the coordinator, unasked; without a connection it waits on. */
export function giveBackWaiting(state: WorkerState, turn: Turn): void {
  const { session } = state;
  if (session.phase !== "registered" || !session.features.has("attempts")) return;
  for (const run of state.waiting.splice(0)) giveBack(state, turn, run);
}

function giveBack(state: WorkerState, turn: Turn, run: PlanRun): void {
  removeWaiting(state, run);
  finish(state, run);
  const { partId, attempt } = run;
  turn.emit({ type: "send", message: { type: "Recalled", plan_id: partId, attempt } });
}

function fail(state: WorkerState, turn: Turn, run: PlanRun, error: WireError): void {
  finish(state, run);
  if (!run.unwanted) deliver(state, turn, run, failedResult(error, 0));
}

function finish(state: WorkerState, run: PlanRun): void {
  run.phase = "ended";
  if (state.plans.get(run.partId) === run) state.plans.delete(run.partId);
  releaseSlot(state, run);
}

function removeWaiting({ waiting }: WorkerState, run: PlanRun): void {
  const index = waiting.indexOf(run);
  if (index !== -1) waiting.splice(index, 1);
}

export function noSuchFilter(missing: readonly string[], { offers }: WorkerState): WireError {
  const offered = offers.names.slice(0, 50);
  return {
    code: "NO_SUCH_FILTER",
    message: `this worker has no filter for ${missing.map((id) => `node "${id}"`).join(", ")}`,
    retryable: false,
    ...(missing[0] !== undefined && { node_id: missing[0] }),
    details: { missing: [...missing].slice(0, 50), offered },
    hint: "start a worker with the module that defines it, or bind the node to one of the filters offered",
  };
}
