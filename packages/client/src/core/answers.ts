import type { ErrorMessage, Message } from "@planwire/protocol";
import type { Answer, AnswerType, Effect } from "./effects.js";
import type { RequestType } from "./events.js";
import { failure, type Failure } from "./failure.js";
import type { ClientState } from "./state.js";
import { submissionAccepted, submissionRefused } from "./submissions.js";
import { watchAnswered, watchRefused } from "./watches.js";

const ANSWER_OF: { readonly [T in RequestType]: AnswerType } = {
  Submit: "Accepted",
  Get: "Got",
  Cancel: "CancelAnswer",
  Explain: "Explained",
  ListWorkers: "Workers",
  Drain: "Draining",
  ListPlans: "Plans",
};

/** The connection was lost because of one of these requests' size: they are not sent again. */
export function failRequestsInFlight(state: ClientState, why: Failure, out: Effect[]): void {
  for (const [id, { wasSent }] of state.requests.pending) {
    if (wasSent) refuse(state, id, why, out);
  }
}

export function failRequests(state: ClientState, why: Failure, out: Effect[]): void {
  for (const id of state.requests.pending.keys()) refuse(state, id, why, out);
}

const ANSWER_TYPES: ReadonlySet<string> = new Set(Object.values(ANSWER_OF));

export function answered(state: ClientState, answer: Answer, out: Effect[]): void {
  const id = answer.request_id;
  if (answer.type === "Watching") return void watchAnswered(state, id);
  const pending = state.requests.pending.get(id);
  if (!pending) return;
  const expected = ANSWER_OF[pending.message.type];
  if (answer.type !== expected) {
    const text = `the coordinator answered ${pending.message.type} with ${answer.type}, expected ${expected}`;
    return refuse(state, id, failure("PEER_ERROR", text), out);
  }
  state.requests.pending.delete(id);
  const { purpose, message } = pending;
  if (message.type === "Submit" && answer.type === "Accepted") {
    submissionAccepted(state, message.plan.plan_id, answer, out);
  }
  if (purpose.kind === "ask" || purpose.kind === "submit") {
    out.push({ type: "answer", ask: purpose.ask, answer });
  }
}

export function errorAnswered(
  state: ClientState,
  requestId: number,
  error: ErrorMessage,
  out: Effect[],
): void {
  const { type: _, request_id: _id, ...wireError } = error;
  requestFailed(state, requestId, wireError, out);
}

/** Of any kind: watches have numbers of the same count. */
export function requestFailed(
  state: ClientState,
  requestId: number,
  why: Failure,
  out: Effect[],
): void {
  watchRefused(state, requestId, why, out);
  refuse(state, requestId, why, out);
}

function refuse(state: ClientState, id: number, why: Failure, out: Effect[]): void {
  const pending = state.requests.pending.get(id);
  if (!pending) return;
  state.requests.pending.delete(id);
  const { purpose, message } = pending;
  if (message.type === "Submit") submissionRefused(state, message.plan.plan_id, why, out);
  if (purpose.kind === "ask" || purpose.kind === "submit") {
    out.push({ type: "refuse", ask: purpose.ask, failure: why });
  }
}

export function isAnswer(message: Message): message is Answer {
  return message.type === "Watching" || ANSWER_TYPES.has(message.type);
}
