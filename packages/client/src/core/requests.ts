import type { Effect } from "./effects.js";
import type { Question, RequestMessage } from "./events.js";
import { failure, type Failure } from "./failure.js";
import type { ClientState, PendingRequest } from "./state.js";

export function ask(state: ClientState, number: number, question: Question, out: Effect[]): void {
  const refusal = refusalOf(state);
  if (refusal) {
    out.push({ type: "refuse", ask: number, failure: refusal });
    return;
  }
  // The number first: what is added behind a spread takes V8's slow path (measured: half a microsecond and more).
  const message = { request_id: state.requests.next++, ...question } as RequestMessage;
  request(state, message, { kind: "ask", ask: number }, out);
}

/** Why no more requests are taken, when that is so. */
export function refusalOf({ session, requests, settings }: ClientState): Failure | undefined {
  if (session.phase.name === "ended") return session.phase.failure;
  const queued = requests.pending.size;
  const limit = settings.maxRequests;
  if (queued < limit) return undefined;
  return failure("QUEUE_FULL", `${queued} requests of this client are not answered yet`, {
    details: { limit, queued },
    hint: "wait for some of them before making more",
  });
}

/** Sends a request, which bears its own number, now or as soon as there is a connection. */
export function request(
  state: ClientState,
  message: RequestMessage,
  purpose: PendingRequest["purpose"],
  out: Effect[],
): void {
  const pending: PendingRequest = { message, purpose, wasSent: false };
  state.requests.pending.set(message.request_id, pending);
  const { phase } = state.session;
  if (phase.name === "ready") send(pending, phase.connection, out);
}

function send(pending: PendingRequest, connection: number, out: Effect[]): void {
  pending.wasSent = true;
  out.push({ type: "send", connection, message: pending.message });
}

/** After a reconnect: every request is idempotent, a Submit by its plan_id and content. */
export function resendRequests(state: ClientState, connection: number, out: Effect[]): void {
  for (const pending of state.requests.pending.values()) send(pending, connection, out);
}
