import { signalOf, type LeafOutcome } from "@planwire/plan";
import { ERRORS, type ErrorCode, type Value, type WireError } from "@planwire/protocol";
import type { CallOutcome, CallReport, FilterCall } from "./filter-call.js";
import { countReturned } from "./call-counts.js";
import { offerKey } from "./filter-call.js";
import type { NodeProgram } from "./offers.js";
import { report } from "./report.js";
import type { Call, StopHow, Turn, Walk, WorkerState } from "./state.js";

/** A leaf that is complete: what the stepper has to be told. */
export interface Completion {
  readonly walk: Walk;
  readonly leaf: string;
  readonly outcome: LeafOutcome<Value>;
}

export interface CallRequest extends Pick<FilterCall, "op" | "input" | "nodeId"> {
  readonly leaf: string;
  readonly node: NodeProgram;
  readonly state: Value | undefined;
}

export function startCall(state: WorkerState, turn: Turn, walk: Walk, request: CallRequest): void {
  const { leaf, node, nodeId, op, input } = request;
  const { run } = walk;
  const call: Call = {
    id: state.nextCall++,
    walk,
    leaf,
    nodeId,
    op,
    filter: node.filter,
    phase: "waiting",
    stopFor: undefined,
    startedAt: turn.now.mono,
    deadline: undefined,
  };
  state.calls.set(call.id, call);
  walk.calls.set(leaf, call);
  run.openCalls += 1;
  turn.emit({
    type: "startCall",
    isolate: node.filter.isolate,
    call: {
      call: call.id,
      filter: offerKey(node.filter),
      op,
      input,
      nodeId,
      planId: run.partId,
      attempt: run.attempt,
      workerId: state.settings.workerId,
      // A part's input stays in its plan. A chunk is nobody's: should streams ever resume from here, whoever keeps a chunk to
      // run it again must keep a copy.
      ...(run.kind === "stream" && walk.program.isChain && { ownsInput: true }),
      ...(op === "fit" && walk.y !== undefined && { y: walk.y }),
      ...(request.state !== undefined && { state: request.state }),
      ...(node.params !== undefined && { params: node.params }),
    },
  });
}

/** The isolate has begun: from here on its time counts. */
export function callStarted(state: WorkerState, turn: Turn, call: Call): void {
  if (call.phase !== "waiting") return;
  call.phase = "running";
  call.startedAt = turn.now.mono;
  const { timeoutMs } = call.filter;
  if (timeoutMs !== undefined) setDeadline(state, call, turn.now.mono + timeoutMs);
  const { run } = call.walk;
  report(state, turn, run, {
    event_type: "NodeStarted",
    run_id: run.partId,
    node_id: call.nodeId,
    kind: call.op,
  });
}

export function callReported(state: WorkerState, turn: Turn, said: CallReport): void {
  const call = state.calls.get(said.call);
  if (call === undefined || call.phase === "abandoned") return;
  const { run } = call.walk;
  const node = { run_id: run.partId, node_id: call.nodeId };
  if (said.kind === "progress") {
    report(state, turn, run, { event_type: "NodeProgress", ...node, progress: said.fraction });
    return;
  }
  report(state, turn, run, {
    event_type: "Log",
    ...node,
    message: said.message,
    ...(said.fields !== undefined && { fields: said.fields }),
  });
}

/** Tells a call to stop, and gives it its grace. */
export function stopCall(
  state: WorkerState,
  turn: Turn,
  call: Call,
  why: NonNullable<Call["stopFor"]>,
): void {
  if (call.phase !== "waiting" && call.phase !== "running") return;
  call.phase = "stopping";
  call.stopFor = why;
  harden(call.walk, "signal");
  setDeadline(state, call, turn.now.mono + state.settings.graceMs);
  turn.emit({ type: "abortCall", call: call.id, isolate: call.filter.isolate });
}

/** A call has returned, or its isolate died. Nothing is left to complete when it had been abandoned. */
export function callReturned(
  state: WorkerState,
  turn: Turn,
  call: Call,
  outcome: CallOutcome,
): Completion | undefined {
  state.calls.delete(call.id);
  setDeadline(state, call, undefined);
  call.walk.run.openCalls -= 1;
  countReturned(state, call.filter.isolate, outcome);
  if (call.phase === "abandoned") return undefined;
  return complete(state, turn, call, leafOutcome(call, outcome));
}

/** Calls whose deadline has come: those that ran too long are stopped, those that did not stop are killed or abandoned. */
export function overdueCalls(state: WorkerState, turn: Turn): Completion[] {
  const overdue = [...state.timed].filter(({ deadline = Infinity }) => deadline <= turn.now.mono);
  return overdue.flatMap((call) => {
    if (call.phase === "running") {
      stopCall(state, turn, call, "timeout");
      return [];
    }
    return giveUp(state, turn, call) ?? [];
  });
}

/** Grace is over. A thread or process is killed, and its end completes the call; an inline call can only be abandoned. */
function giveUp(state: WorkerState, turn: Turn, call: Call): Completion | undefined {
  setDeadline(state, call, undefined);
  const { walk, nodeId, filter } = call;
  const killed = filter.isolate !== "inline";
  turn.emit({
    type: "notify",
    event: { type: "callStuck", planId: walk.run.partId, nodeId, killed },
  });
  if (killed) {
    call.phase = "killing";
    harden(walk, "killed");
    turn.emit({ type: "killCall", call: call.id, isolate: filter.isolate });
    return undefined;
  }
  call.phase = "abandoned";
  harden(walk, "abandoned");
  return complete(state, turn, call, leafOutcome(call, { status: "dropped" }));
}

function complete(
  state: WorkerState,
  turn: Turn,
  call: Call,
  outcome: LeafOutcome<Value>,
): Completion {
  const { walk, leaf } = call;
  walk.calls.delete(leaf);
  reportEnd(state, turn, call, outcome);
  return { walk, leaf, outcome };
}

function reportEnd(state: WorkerState, turn: Turn, call: Call, outcome: LeafOutcome<Value>): void {
  const { nodeId: node_id, walk, startedAt } = call;
  const { partId: run_id } = walk.run;
  if (outcome.status === "done") {
    const duration = Math.round(turn.now.mono - startedAt);
    report(state, turn, walk.run, { event_type: "NodeCompleted", run_id, node_id, duration });
  } else if (outcome.status === "failed") {
    const { message: error } = outcome.error;
    report(state, turn, walk.run, { event_type: "NodeFailed", run_id, node_id, error });
  }
}

function leafOutcome(call: Call, outcome: CallOutcome): LeafOutcome<Value> {
  // What a stopped call still says is not asked for any more.
  if (call.stopFor === "timeout") return { status: "failed", error: timedOut(call) };
  if (call.stopFor === "cancel") return { status: "cancelled" };
  switch (outcome.status) {
    case "done":
      return doneOutcome(call, outcome.value);
    case "failed":
      return outcome;
    case "crashed":
      return { status: "failed", error: crashed(call, outcome.reason) };
    case "dropped":
      return { status: "cancelled" };
  }
}

function doneOutcome({ op, nodeId }: Call, value: Value): LeafOutcome<Value> {
  if (op === "forward") return { status: "done", output: value, signal: signalOf(value) };
  return {
    status: "done",
    output: value,
    signal: { stop: false },
    states: Object.fromEntries([[nodeId, value]]),
  };
}

function timedOut({ nodeId, filter }: Call): WireError {
  return callFailure("FILTER_TIMEOUT", nodeId, `took longer than ${filter.timeoutMs} ms`);
}

function crashed({ nodeId, filter }: Call, reason: string): WireError {
  const message = `its ${filter.isolate} died while filter "${filter.name}" ran: ${reason}`;
  return callFailure("WORKER_CRASH", nodeId, message);
}

function callFailure(code: ErrorCode, nodeId: string, what: string): WireError {
  const { retryable } = ERRORS[code];
  return { code, message: `node "${nodeId}": ${what}`, retryable, node_id: nodeId };
}

const HARDNESS: Record<StopHow, number> = { signal: 0, killed: 1, abandoned: 2 };

function harden(walk: Walk, how: StopHow): void {
  walk.stopped = harder(walk.stopped, how);
  if (walk.run.kind === "stream") walk.run.stopped = harder(walk.run.stopped, how);
}

function harder(before: StopHow | undefined, how: StopHow): StopHow {
  return before === undefined || HARDNESS[how] > HARDNESS[before] ? how : before;
}

function setDeadline(state: WorkerState, call: Call, deadline: number | undefined): void {
  call.deadline = deadline;
  if (deadline === undefined) state.timed.delete(call);
  else state.timed.add(call);
}
