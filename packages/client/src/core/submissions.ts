import type { Accepted, MessageOf } from "@planwire/protocol";
import type { Effect } from "./effects.js";
import type { ClientEvent } from "./events.js";
import { failure, type Failure } from "./failure.js";
import { refusalOf, request } from "./requests.js";
import type { ClientState, Watched } from "./state.js";
import { failWatch, isOutcomeWanted, watch } from "./watches.js";

const FORGET = { kind: "forget" } as const;

/**
 * Submits a plan and asks for its outcome. The outcome is watched from now on: it may come in the same frame as the answer.
 */
export function submit(
  state: ClientState,
  { ask, plan, forOutcome }: Extract<ClientEvent, { type: "submit" }>,
  out: Effect[],
): void {
  const refusal = refusalOf(state);
  const planId = plan.plan_id;
  if (refusal) {
    // Whoever waits for the outcome of an earlier submission under this id goes on waiting.
    const known = state.watches.get(planId);
    if (!known || !isOutcomeWanted(known)) {
      out.push({ type: "loseSight", planId, failure: refusal });
    }
    if (ask !== undefined) out.push({ type: "refuse", ask, failure: refusal });
    return;
  }
  const watched = watchedOf(state, planId);
  watched.submitting++;
  const message: MessageOf<"Submit"> = {
    type: "Submit",
    request_id: state.requests.next++,
    plan,
    watch: true,
    only_outcome: true,
  };
  if (forOutcome) message.accepted_may_wait = true;
  request(state, message, ask === undefined ? FORGET : { kind: "submit", ask }, out);
}

function watchedOf(state: ClientState, planId: string): Watched {
  const known = state.watches.get(planId);
  if (known) return known;
  const watched: Watched = {
    planId,
    historyId: undefined,
    submitting: 0,
    followed: false,
    requestId: undefined,
    feeds: [],
  };
  state.watches.set(planId, watched);
  return watched;
}

export function submissionAccepted(
  state: ClientState,
  planId: string,
  { history_id, existing }: Accepted,
  out: Effect[],
): void {
  const watched = state.watches.get(planId);
  if (!watched) return;
  watched.submitting--;
  watched.followed = true;
  watched.historyId = history_id;
  // What had ended before is not watched by a Submit, and whoever reads its events may have come while there was no connection.
  if (existing || watched.feeds.length > 0) watch(state, watched, out);
}

/**
 * What was accepted under the same id stays watched for those who follow it or read its events. Whoever came while nothing was accepted loses
 * sight of it with this submission.
 */
export function submissionRefused(
  state: ClientState,
  planId: string,
  why: Failure,
  out: Effect[],
): void {
  const watched = state.watches.get(planId);
  if (!watched) return;
  watched.submitting--;
  const isThere = watched.historyId !== undefined;
  if (watched.submitting > 0 || (isThere && watched.followed)) return;
  watched.followed = false;
  out.push({ type: "loseSight", planId, failure: why });
  if (!isThere || watched.feeds.length === 0) failWatch(state, watched, why, out);
}

/**
 * Nobody waits for this submission any more. One that was never sent is forgotten. One that was may have been accepted: a Cancel
 * follows in its stead, behind it on the same connection, or alone after a reconnect.
 */
export function abandonSubmit(
  state: ClientState,
  ask: number,
  reason: string,
  out: Effect[],
): void {
  for (const [id, { message, purpose, wasSent }] of state.requests.pending) {
    if (purpose.kind !== "submit" || purpose.ask !== ask || message.type !== "Submit") continue;
    state.requests.pending.delete(id);
    const planId = message.plan.plan_id;
    const why = failure("CANCELLED", reason, { details: { by: "client" } });
    submissionRefused(state, planId, why, out);
    if (wasSent) {
      const request_id = state.requests.next++;
      request(state, { type: "Cancel", request_id, plan_id: planId, reason }, FORGET, out);
    }
    return;
  }
}
