import { wireErrorOf, type Outcome, type PlanwireError } from "@planwire/protocol";
import type { WriteAnswer } from "../store/store.js";
import { change, publishWhenDurable } from "./durable.js";
import { uncountLive } from "./ended.js";
import { deadlineExceeded, forgetDeadline } from "./deadlines.js";
import { expiryOf } from "./retention.js";
import { waitNoMore } from "./retries.js";
import { send, sendError } from "./send.js";
import type { Execution, Part, StreamRun, Turn } from "./state.js";
import type { Ending } from "./task.js";
import { answerRefused, unansweredIn } from "./unwritten.js";

/** The one terminal state of an execution. */
export function finishAs(turn: Turn, execution: Execution, ending: Ending): void {
  if (execution.outcome) return;
  const outcome = outcomeOf(turn, execution, ending);
  execution.outcome = outcome;
  execution.state = outcome.status;
  execution.finishedAt = turn.now.wall;
  execution.stepper = undefined;
  forgetDeadline(turn.state, execution);
  for (const part of execution.parts.values()) dropPart(turn, part);
  change(turn, execution, {
    type: "finish",
    outcome,
    finishedAt: turn.now.wall,
    expiresAt: expiryOf(execution, turn.now.wall),
    bytes: execution.bytes,
  });
  publishWhenDurable(turn, execution, { kind: "Finished", outcome });
  turn.agenda.push({ do: "endStream", execution, outcome });
}

function outcomeOf({ now }: Turn, execution: Execution, ending: Ending): Outcome {
  const { attempts, lastWorker, cancelledBy, expired, submittedAt } = execution;
  const duration_ms = Math.max(0, now.wall - submittedAt);
  const how =
    ending.status === "Cancelled" && expired ? overdue(execution, ending.stopped) : ending;
  const worker_id = lastWorker;
  switch (how.status) {
    case "Succeeded": {
      const { status, output, states } = how;
      return { status, output, states, worker_id, attempts, duration_ms };
    }
    case "Failed":
      return { status: how.status, error: how.error, worker_id, attempts, duration_ms };
    case "Cancelled": {
      const { status, stopped, how: hardest } = how;
      const by = cancelledBy ?? "the worker";
      return { status, by, stopped, how: hardest, worker_id, attempts, duration_ms };
    }
  }
}

/** A deadline stops as a cancel does, and is a failure. */
function overdue(execution: Execution, stopped: boolean): Ending {
  return { status: "Failed", error: wireErrorOf(deadlineExceeded(execution, stopped)) };
}

/** A part that the end of its execution left behind. */
function dropPart(turn: Turn, part: Part): void {
  part.execution.parts.delete(part.partId);
  if (part.workerId === undefined) return waitNoMore(turn, part);
  const holding = turn.state.workers.get(part.workerId)?.held.get(part.partId);
  if (!holding) return;
  holding.abandoned = true;
  turn.agenda.push({ do: "stopHolding", part });
}

/** The store did not take the submission: whatever was begun in memory is undone, and nobody was told of it. */
export function refuseSubmission(
  turn: Turn,
  execution: Execution,
  answer: Extract<WriteAnswer, { type: "exists" | "failed" }>,
): void {
  const unanswered = unansweredIn(execution);
  undo(turn, execution);
  answerRefused(turn, unanswered, execution, answer);
}

/** Another coordinator decides about it: its clients are told, its workers stopped. */
export function forget(turn: Turn, execution: Execution, why: PlanwireError): void {
  const { planId: plan_id } = execution;
  const watching = (execution.watchers ?? []).map(({ conn }) => ({ conn, about: {} }));
  const run = streamRunOf(turn, execution);
  const streaming = run ? [{ conn: run.client, about: { stream_id: run.streamId } }] : [];
  const unanswered = unansweredIn(execution);
  undo(turn, execution);
  for (const { conn, about } of [...unanswered, ...streaming, ...watching]) {
    const connection = turn.state.connections.get(conn);
    if (connection) sendError(turn, connection, why, { ...about, plan_id });
  }
}

function undo(turn: Turn, execution: Execution): void {
  const { state } = turn;
  state.executions.delete(execution.planId);
  uncountLive(state, execution);
  state.unwritten.delete(execution);
  state.retries.delete(execution);
  forgetDeadline(state, execution);
  for (const { conn } of execution.watchers ?? []) {
    const connection = state.connections.get(conn);
    connection?.watches.delete(execution.planId);
    connection?.behind.delete(execution.planId);
  }
  execution.watchers = undefined;
  dropStream(turn, execution);
  releaseUnsent(turn, execution);
  for (const part of execution.parts.values()) {
    if (part.workerId === undefined) waitNoMore(turn, part);
    else releasePart(turn, part);
  }
  execution.parts.clear();
  execution.writing = undefined;
  execution.next = undefined;
}

/**
 * Slots of assignments that waited for the write: they never left, so nobody will answer them. A result that waited for it was not taken
 * here, and its worker need not keep it.
 */
function releaseUnsent(turn: Turn, { writing, next }: Execution): void {
  for (const deferred of [writing, next].flatMap((write) => write?.afterwards ?? [])) {
    if (deferred.do !== "emit" || deferred.effect.type !== "send") continue;
    const { conn, message } = deferred.effect;
    if (message.type === "ResultAck")
      turn.out.push({ ...deferred.effect, message: { ...message, taken: false } });
    if (message.type !== "AssignPlan" && message.type !== "StreamBegin") continue;
    const { workerId = "" } = turn.state.connections.get(conn) ?? {};
    const worker = turn.state.workers.get(workerId);
    if (worker?.held.delete(message.plan.plan_id)) turn.agenda.push({ do: "fillSlots", worker });
  }
}

function dropStream(turn: Turn, execution: Execution): void {
  const run = streamRunOf(turn, execution);
  if (!run) return;
  turn.state.streams.delete(run.streamId);
  turn.state.connections.get(run.client)?.streams.delete(run.streamId);
}

function streamRunOf({ state }: Turn, { streamId }: Execution): StreamRun | undefined {
  return streamId === undefined ? undefined : state.streams.get(streamId);
}

/** Its assignment left, and is told to stop; a peer of the inherited wire keeps its slot until it answers. */
function releasePart(turn: Turn, part: Part): void {
  const worker = part.workerId === undefined ? undefined : turn.state.workers.get(part.workerId);
  const holding = worker?.held.get(part.partId);
  if (!worker || !holding) return;
  if (worker.inherited) {
    holding.abandoned = true;
    return;
  }
  worker.held.delete(part.partId);
  if (part.execution.version > 0 && worker.conn !== undefined) {
    send(turn, worker.conn, { type: "CancelPlan", plan_id: part.partId, attempt: part.attempt });
  }
  turn.agenda.push({ do: "fillSlots", worker });
}
