import { PlanwireError, type ConnectionId, type ErrorMessage } from "@planwire/protocol";
import type { WriteAnswer } from "../store/store.js";
import { acceptedMessage } from "./accepted.js";
import { send, sendError } from "./send.js";
import type { Deferred, Execution, Turn } from "./state.js";

// Answers that waited for a write which will never land. Whoever asked gets another one.

export interface Unanswered {
  readonly conn: ConnectionId;
  readonly about: Pick<ErrorMessage, "request_id" | "stream_id">;
  readonly submits: boolean;
}

/** Everybody who waits for what this execution has not written. */
export function unansweredIn({ writing, next }: Execution): Unanswered[] {
  const pending = [writing, next].flatMap((write) => (write ? [write] : []));
  const streams = pending.flatMap(({ asker }): Unanswered[] =>
    asker?.kind === "stream"
      ? [{ conn: asker.conn, about: { stream_id: asker.streamId }, submits: true }]
      : [],
  );
  return [...streams, ...pending.flatMap(({ afterwards }) => afterwards.flatMap(requestIn))];
}

function requestIn(deferred: Deferred): Unanswered[] {
  if (deferred.do === "answer") {
    const { conn, requestId } = deferred.waiting;
    return requestId === undefined
      ? []
      : [{ conn, about: { request_id: requestId }, submits: false }];
  }
  if (deferred.do !== "emit" || deferred.effect.type !== "send") return [];
  const { conn, message } = deferred.effect;
  if (!("request_id" in message) || message.request_id === undefined) return [];
  const about = { request_id: message.request_id };
  return [{ conn, about, submits: message.type === "Accepted" }];
}

export function answerRefused(
  turn: Turn,
  unanswered: readonly Unanswered[],
  { planId, contentHash }: Execution,
  answer: Extract<WriteAnswer, { type: "exists" | "failed" }>,
): void {
  for (const { conn, about, submits } of unanswered) {
    const isSame = answer.type === "exists" && answer.contentHash === contentHash;
    const { request_id: requestId } = about;
    if (submits && isSame && requestId !== undefined) {
      send(turn, conn, acceptedMessage(turn.state, planId, requestId, true), planId);
      continue;
    }
    const connection = turn.state.connections.get(conn);
    const error = answer.type === "failed" || !submits ? notWritten(answer) : conflict(planId);
    if (connection) sendError(turn, connection, error, { ...about, plan_id: planId });
  }
}

function notWritten(answer: WriteAnswer): PlanwireError {
  const reason = answer.type === "failed" ? answer.reason : "it had been submitted before";
  return new PlanwireError("STORE_UNAVAILABLE", `the submission was not written: ${reason}`);
}

export function conflict(planId: string): PlanwireError {
  const message = `"${planId}" was submitted before with other content`;
  return new PlanwireError("PLAN_ID_CONFLICT", message, {
    hint: "leave the id out, or choose another",
  });
}
