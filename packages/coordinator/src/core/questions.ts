import {
  PlanwireError,
  type ExecutionState,
  type ExecutionSummary,
  type Message,
  type Outcome,
  type SerializedPlan,
} from "@planwire/protocol";
import type { StoredExecution } from "../store/store.js";
import { acceptedMessage } from "./accepted.js";
import { cancelExecution } from "./cancel.js";
import { conflict, sameContent } from "./conflict.js";
import { whenDurable } from "./durable.js";
import { explain, writtenState } from "./explain.js";
import { explainEnded } from "./explain-ended.js";
import { closeWith, send, sendError } from "./send.js";
import type { Connection, CoreState, Execution, Turn, Waiting } from "./state.js";
import { watchEnded } from "./watch-ended.js";
import { watch, watchesAll } from "./watches.js";

/** Answers a question about an execution, when what it would show is durable; asks the store for one that has left memory. */
export function ask(turn: Turn, connection: Connection, waiting: Waiting): void {
  const { state } = turn;
  const execution = inMemory(state, waiting);
  if (execution && waiting.kind === "cancel") return cancelAndAnswer(turn, execution, waiting);
  if (execution && mayAnswerNow(state, execution, waiting)) {
    return answerWaiting(turn, execution, waiting);
  }
  if (execution) return whenDurable(turn, execution, { do: "answer", waiting });
  if (tooManyQuestions(turn, connection, waiting.requestId)) return;
  const load = ++state.lastNumber.question;
  state.loads.set(load, waiting);
  connection.questions += 1;
  turn.out.push({ type: "load", load, planId: waiting.planId });
}

/** Of what has ended the store alone knows the attempts. */
function inMemory(state: CoreState, { kind, planId }: Waiting): Execution | undefined {
  return kind === "explain" && state.ended.has(planId) ? undefined : state.executions.get(planId);
}

/** Why it waits can be told while the store fails, just then. */
function mayAnswerNow(state: CoreState, execution: Execution, { kind }: Waiting): boolean {
  return kind === "explain" && state.retries.has(execution);
}

export function tooManyQuestions(
  turn: Turn,
  connection: Connection,
  requestId: number | undefined,
): boolean {
  const limit = turn.state.settings.maxWatches;
  const asked = connection.questions + connection.watches.size;
  if (asked < limit) return false;
  const error = new PlanwireError("QUEUE_FULL", `this connection has ${asked} questions open`, {
    details: { limit, queued: asked },
  });
  sendError(turn, connection, error, requestId === undefined ? {} : { request_id: requestId });
  return true;
}

/** The wish counts from now on; the answer waits until it is written. */
function cancelAndAnswer(
  turn: Turn,
  execution: Execution,
  { conn, requestId, by }: Extract<Waiting, { kind: "cancel" }>,
): void {
  const isNew = cancelExecution(turn, execution, by);
  const { planId: plan_id, state } = execution;
  const message = {
    type: "CancelAnswer",
    request_id: requestId,
    plan_id,
    taken: isNew || wasTaken(state),
    state: isNew ? "Cancelling" : state,
  } as const;
  whenDurable(turn, execution, {
    do: "emit",
    effect: { type: "send", conn, message, cause: plan_id },
  });
}

/** What ended by a cancel is answered as that was: a client whose answer was lost with its connection asks again. */
function wasTaken(state: ExecutionState): boolean {
  return state === "Cancelled";
}

export function answerWaiting(turn: Turn, execution: Execution, waiting: Waiting): void {
  // Memory may have run ahead again while it waited: what it would show by now is in the next write.
  if (execution.next && showsState(waiting) && !mayAnswerNow(turn.state, execution, waiting)) {
    return whenDurable(turn, execution, { do: "answer", waiting });
  }
  const { conn } = waiting;
  switch (waiting.kind) {
    case "get":
      return got(turn, waiting, summaryOf(execution), execution.outcome);
    case "watch":
      if (isToldMore(turn, waiting, execution)) return;
      answerWatching(turn, waiting, execution.state);
      return watch(turn, execution, conn, waiting.from, waiting.onlyOutcome);
    case "explain":
      return explained(turn, waiting, writtenState(execution), explain(turn, execution));
    case "submit":
      return submittedBefore(turn, waiting, execution.plan);
    case "cancel":
      return;
  }
}

/** The watch of a submission shows only events, each of which waits for its own write. */
function showsState({ kind, requestId }: Waiting): boolean {
  return kind === "get" || kind === "explain" || (kind === "watch" && requestId !== undefined);
}

/** Same content is the same execution, also when it would be refused by now. */
function submittedBefore(
  turn: Turn,
  { conn, requestId: request_id, planId: plan_id, plan }: Extract<Waiting, { kind: "submit" }>,
  before: SerializedPlan,
): void {
  if (sameContent(before, plan)) {
    return send(turn, conn, acceptedMessage(turn.state, plan_id, request_id, true), plan_id);
  }
  const connection = turn.state.connections.get(conn);
  if (connection) sendError(turn, connection, conflict(plan_id), { request_id, plan_id });
}

export function loadDone(turn: Turn, load: number, stored: StoredExecution | undefined): void {
  const { waiting, connection } = takeWaiting(turn, load) ?? {};
  if (!waiting || !connection) return;
  // It may have come to life since.
  const live = inMemory(turn.state, waiting);
  if (live) return ask(turn, connection, waiting);
  if (waiting.kind === "submit") {
    if (stored) return submittedBefore(turn, waiting, stored.plan);
    const { requestId: request_id, planId: plan_id } = waiting;
    return sendError(turn, connection, waiting.refusal, { request_id, plan_id });
  }
  if (!stored?.outcome) {
    const error = new PlanwireError("PLAN_UNKNOWN", `there is no execution "${waiting.planId}"`, {
      hint: "`planwire plans` lists those that are kept",
    });
    return answerError(turn, connection, waiting, error);
  }
  answerEnded(turn, connection, waiting, stored, stored.outcome);
}

export function loadFailed(turn: Turn, load: number, reason: string): void {
  const { waiting, connection } = takeWaiting(turn, load) ?? {};
  if (!waiting || !connection) return;
  const error = new PlanwireError("STORE_UNAVAILABLE", `the store could not be read: ${reason}`);
  answerError(turn, connection, waiting, error);
}

/** A watcher that was to be told later has no request open: it connects anew, and asks for itself. */
function answerError(
  turn: Turn,
  connection: Connection,
  { requestId: request_id, planId: plan_id }: Waiting,
  error: PlanwireError,
): void {
  if (request_id !== undefined) sendError(turn, connection, error, { request_id, plan_id });
  else closeWith(turn, connection, "SESSION_EXPIRED", error.message);
}

function takeWaiting(
  { state }: Turn,
  load: number,
): { waiting: Waiting; connection: Connection | undefined } | undefined {
  const waiting = state.loads.get(load);
  if (!waiting) return undefined;
  state.loads.delete(load);
  const connection = state.connections.get(waiting.conn);
  if (connection) connection.questions -= 1;
  return { waiting, connection };
}

function answerEnded(
  turn: Turn,
  connection: Connection,
  waiting: Exclude<Waiting, { kind: "submit" }>,
  stored: StoredExecution,
  outcome: Outcome,
): void {
  const { planId: plan_id, state } = stored;
  switch (waiting.kind) {
    case "get":
      return got(turn, waiting, summaryOfStored(stored), outcome);
    case "explain":
      return explained(turn, waiting, state, explainEnded(stored, outcome, turn.now.wall));
    case "cancel":
      return send(turn, waiting.conn, {
        type: "CancelAnswer",
        request_id: waiting.requestId,
        plan_id,
        taken: wasTaken(state),
        state,
      });
    case "watch":
      if (isToldMore(turn, waiting)) return;
      answerWatching(turn, waiting, state);
      return watchEnded(turn, connection, stored, {
        from: waiting.from,
        onlyOutcome: waiting.onlyOutcome,
      });
  }
}

function got(
  turn: Turn,
  { conn, requestId }: Extract<Waiting, { kind: "get" }>,
  summary: ExecutionSummary,
  outcome: Outcome | undefined,
): void {
  const message: Message = {
    type: "Got",
    request_id: requestId,
    summary,
    ...(outcome && { outcome }),
  };
  send(turn, conn, message, summary.plan_id);
}

/** A Submit that comes again takes no events away from whoever has asked for all of them since. */
function isToldMore(
  turn: Turn,
  { conn, requestId, planId, onlyOutcome }: Extract<Waiting, { kind: "watch" }>,
  execution?: Execution,
): boolean {
  const connection = turn.state.connections.get(conn);
  if (requestId !== undefined || !onlyOutcome || !connection) return false;
  return watchesAll(connection, planId, execution?.watchers);
}

function answerWatching(turn: Turn, waiting: Waiting, state: Execution["state"]): void {
  const { conn, requestId, planId } = waiting;
  if (requestId === undefined) return;
  send(turn, conn, { type: "Watching", request_id: requestId, plan_id: planId, state }, planId);
}

function explained(
  turn: Turn,
  { conn, requestId, planId }: Extract<Waiting, { kind: "explain" }>,
  state: Execution["state"],
  reasons: string[],
): void {
  send(
    turn,
    conn,
    { type: "Explained", request_id: requestId, plan_id: planId, state, reasons },
    planId,
  );
}

function summaryOf(execution: Execution): ExecutionSummary {
  const { planId, kind, state, submittedAt, attempts, name, finishedAt, lastWorker, outcome } =
    execution;
  return {
    plan_id: planId,
    kind,
    state,
    submitted_at: submittedAt,
    attempts,
    ...(name !== undefined && { name }),
    ...(finishedAt !== undefined && { finished_at: finishedAt }),
    ...(lastWorker !== undefined && { worker_id: lastWorker }),
    ...(outcome?.status === "Failed" && { error_code: outcome.error.code }),
  };
}

function summaryOfStored(stored: StoredExecution): ExecutionSummary {
  const { planId, kind, state, submittedAt, attempts, name, finishedAt, outcome } = stored;
  const worker = attempts.at(-1)?.workerId;
  return {
    plan_id: planId,
    kind,
    state,
    submitted_at: submittedAt,
    attempts: attempts.length,
    ...(name !== undefined && { name }),
    ...(finishedAt !== undefined && { finished_at: finishedAt }),
    ...(worker !== undefined && { worker_id: worker }),
    ...(outcome?.status === "Failed" && { error_code: outcome.error.code }),
  };
}
