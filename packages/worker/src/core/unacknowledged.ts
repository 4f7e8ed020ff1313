import {
  ranNodesIn,
  type PlanResult,
  type PlanResultMessage,
  type ResultAck,
  type WireError,
  type WorkerEvent,
} from "@planwire/protocol";
import { encodeResult, failedResult } from "./results.js";
import type { FinishedPart, PlanRun, Turn, WorkerState } from "./state.js";
import { takeUntold } from "./untold.js";

/** Sends a result, and keeps it until it is acknowledged: without a connection it waits for the next one. */
export function deliver(state: WorkerState, turn: Turn, run: PlanRun, result: PlanResult): void {
  const { session } = state;
  const events = takeUntold(state, run);
  const { message, bytes, frame } = encodeResult(
    (one) => messageOf(state, run, one, one === result ? events : []),
    result,
    session,
  );
  const connected = session.phase === "registered";
  if (connected) turn.emit({ type: "sendFrame", frame });
  // A peer without attempts acknowledges nothing.
  if (connected && !session.features.has("attempts")) return;
  const sentAfter = connected ? session.heartbeatsSent : undefined;
  keep(state, { attempt: run.attempt, message, bytes, sentAfter });
}

/** After Registered: everything again, oldest first. The peer may be another one, with other features. */
export function deliverAgain(state: WorkerState, turn: Turn): void {
  for (const finished of state.unacknowledged.values()) {
    finished.sentAfter = state.session.heartbeatsSent;
    turn.emit({ type: "send", message: finished.message });
  }
  if (!state.session.features.has("attempts")) forgetAll(state);
}

export function resultAcknowledged(state: WorkerState, { id, attempt }: ResultAck): void {
  if (state.unacknowledged.get(id)?.attempt === attempt) forget(state, id);
}

/**
 * The coordinator has handled a result, and holds the attempt all the same: it could not read it. It would wait for ever, and so would
 * this worker, so the attempt fails instead.
 */
export function failUnread(state: WorkerState, turn: Turn, finished: FinishedPart): void {
  const { attempt, sentAfter, message: unread } = finished;
  const { heartbeatsSent, heartbeatsAcked } = state.session;
  if (sentAfter === undefined || sentAfter >= heartbeatsAcked) return;
  const { type, worker_id, plan_id } = unread;
  const result = failedResult(UNREADABLE, Number(unread.result.duration_ms));
  const message: PlanResultMessage = { type, worker_id, plan_id, attempt, result };
  const bytes = JSON.stringify(result).length;
  keep(state, { attempt, message, bytes, sentAfter: heartbeatsSent });
  turn.emit({ type: "send", message });
}

const UNREADABLE: WireError = {
  code: "INVALID_MESSAGE",
  message: "the coordinator could not read the result",
  retryable: false,
};

export function forgetAll(state: WorkerState): void {
  state.unacknowledged.clear();
  state.unacknowledgedBytes = 0;
}

/** Results are never dropped for want of room; rather no new work is taken. */
export function hasRoomForResults(state: WorkerState): boolean {
  const { mostUnacknowledged, mostUnacknowledgedBytes } = state.settings;
  return (
    state.unacknowledged.size < mostUnacknowledged &&
    state.unacknowledgedBytes < mostUnacknowledgedBytes
  );
}

function keep(state: WorkerState, finished: FinishedPart): void {
  const { plan_id } = finished.message;
  forget(state, plan_id);
  state.unacknowledged.set(plan_id, finished);
  state.unacknowledgedBytes += finished.bytes;
}

function forget(state: WorkerState, partId: string): void {
  const finished = state.unacknowledged.get(partId);
  if (finished === undefined) return;
  state.unacknowledged.delete(partId);
  state.unacknowledgedBytes -= finished.bytes;
}

function messageOf(
  { settings }: WorkerState,
  { partId, attempt }: PlanRun,
  result: PlanResult,
  events: readonly WorkerEvent[] = [],
): PlanResultMessage {
  const worker_id = settings.workerId;
  const message: PlanResultMessage = {
    type: "PlanResult",
    worker_id,
    plan_id: partId,
    result,
    attempt,
  };
  if (events.length === 0) return message;
  const ran = ranNodesIn(events);
  if (ran) message.ran = ran;
  else message.events = [...events];
  return message;
}
