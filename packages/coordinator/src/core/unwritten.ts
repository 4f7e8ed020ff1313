import { PlanwireError, type ConnectionId, type ErrorMessage } from "@planwire/protocol";
import type { WriteAnswer } from "../store/store.js";
import { conflict } from "./conflict.js";
import { ask } from "./questions.js";
import { sendError } from "./send.js";
import type { Deferred, Execution, Turn, Waiting } from "./state.js";

// Answers that waited for a write which will never land. Whoever asked gets another one.

export interface Unanswered {
  readonly conn: ConnectionId;
  readonly about: Pick<ErrorMessage, "request_id" | "stream_id">;
  /** What it asked about the execution; undefined for who submitted it. */
  readonly question: Waiting | undefined;
}

/** Everybody who waits for what this execution has not written. */
export function unansweredIn(execution: Execution): Unanswered[] {
  const pending = [execution.writing, execution.next].flatMap((write) => (write ? [write] : []));
  const streams = pending.flatMap(({ asker }): Unanswered[] =>
    asker?.kind === "stream"
      ? [{ conn: asker.conn, about: { stream_id: asker.streamId }, question: undefined }]
      : [],
  );
  const requests = pending.flatMap(({ afterwards }) => afterwards);
  return [...streams, ...requests.flatMap((deferred) => requestIn(execution, deferred))];
}

function requestIn({ planId }: Execution, deferred: Deferred): Unanswered[] {
  if (deferred.do === "answer") {
    const { waiting: question } = deferred;
    const { conn, requestId } = question;
    if (requestId !== undefined) return [{ conn, about: { request_id: requestId }, question }];
    // A refused submission's own watch ends with it.
    const catchesUp = question.kind === "watch" && question.catchesUp === true;
    return catchesUp ? [{ conn, about: {}, question }] : [];
  }
  if (deferred.do !== "emit" || deferred.effect.type !== "send") return [];
  const { conn, message } = deferred.effect;
  if (message.type !== "Accepted" && message.type !== "CancelAnswer") return [];
  const { request_id: requestId } = message;
  const question = { kind: "cancel", conn, requestId, planId, by: "client" } as const;
  const isCancel = message.type === "CancelAnswer";
  return [{ conn, about: { request_id: requestId }, question: isCancel ? question : undefined }];
}

export function answerRefused(
  turn: Turn,
  unanswered: readonly Unanswered[],
  { planId, plan }: Execution,
  answer: Extract<WriteAnswer, { type: "exists" | "failed" }>,
): void {
  for (const { conn, about, question } of unanswered) {
    const connection = turn.state.connections.get(conn);
    if (!connection) continue;
    const { request_id: requestId } = about;
    if (question) {
      // It means what the store has under this id, if anything.
      ask(turn, connection, question);
    } else if (answer.type === "failed") {
      sendError(turn, connection, notWritten(answer.reason), { ...about, plan_id: planId });
    } else if (requestId !== undefined) {
      // Accepted again, if what the store has is the same; it may have removed that by then.
      const refusal = removedMeanwhile(planId);
      ask(turn, connection, { kind: "submit", conn, requestId, planId, plan, refusal });
    } else sendError(turn, connection, conflict(planId), { ...about, plan_id: planId });
  }
}

function notWritten(reason: string): PlanwireError {
  return new PlanwireError("STORE_UNAVAILABLE", `the submission was not written: ${reason}`);
}

function removedMeanwhile(planId: string): PlanwireError {
  const message = `"${planId}" was in the store until just now`;
  return new PlanwireError("STORE_UNAVAILABLE", message, { hint: "submit it again" });
}
