import type { EventNumber, PlanEvent } from "@planwire/protocol";
import type { Effect } from "./effects.js";
import { failure, type Failure } from "./failure.js";
import type { ClientState, Watched } from "./state.js";

/** Waits for the outcome of an execution that was accepted earlier. */
export function follow(state: ClientState, planId: string, out: Effect[]): void {
  const ended = endOf(state);
  if (ended) {
    out.push({ type: "loseSight", planId, failure: ended });
    return;
  }
  const watched = state.watches.get(planId);
  if (watched) {
    watched.followed = true;
    return;
  }
  watch(state, add(state, planId, true), out);
}

/**
 * Opens one more reader of an execution's events, which gets all that are kept: the watch begins anew, and those that other readers
 * have are not given to them again.
 */
export function openFeed(state: ClientState, feed: number, planId: string, out: Effect[]): void {
  const ended = endOf(state);
  if (ended) {
    out.push({ type: "failFeed", feed, failure: ended });
    return;
  }
  const watched = state.watches.get(planId) ?? add(state, planId, false);
  watched.feeds.push({ feed, begun: false, last: undefined });
  watch(state, watched, out);
}

export function closeFeed(state: ClientState, feed: number, planId: string, out: Effect[]): void {
  const watched = state.watches.get(planId);
  const index = watched ? watched.feeds.findIndex((reader) => reader.feed === feed) : -1;
  if (!watched || index === -1) return;
  watched.feeds.splice(index, 1);
  if (watched.feeds.length > 0) return;
  if (isOutcomeWanted(watched)) return watch(state, watched, out);
  forgetRequest(state, watched);
  state.watches.delete(planId);
  const { phase } = state.session;
  if (phase.name !== "ready") return;
  const message = { type: "Unwatch", plan_id: planId } as const;
  out.push({ type: "send", connection: phase.connection, message });
}

export function planEvent(state: ClientState, event: PlanEvent, out: Effect[]): void {
  const watched = state.watches.get(event.plan_id);
  if (!watched) return;
  for (const reader of watched.feeds) {
    if (!reader.begun) continue;
    if (reader.last && !isAfter(event.number, reader.last)) continue;
    reader.last = event.number;
    out.push({ type: "feed", feed: reader.feed, event });
  }
  if (event.event.kind !== "Finished") return;
  if (isOutcomeWanted(watched)) {
    out.push({ type: "finish", planId: watched.planId, outcome: event.event.outcome });
  }
  watched.feeds = watched.feeds.filter(({ begun }) => !begun);
  // Whoever has only just asked for all events is told them by the Watch that is under way, this one among them.
  if (watched.feeds.length > 0) watched.followed = false;
  else forget(state, watched);
}

/** Submissions under the same id that are not answered yet keep the entry; their own watch ends it. */
function forget(state: ClientState, watched: Watched): void {
  forgetRequest(state, watched);
  watched.feeds = [];
  watched.historyId = undefined;
  watched.followed = false;
  if (watched.submitting === 0) state.watches.delete(watched.planId);
}

export function watchAnswered(state: ClientState, requestId: number): Watched | undefined {
  const watched = state.watches.get(state.watchRequests.get(requestId) ?? "");
  state.watchRequests.delete(requestId);
  if (watched?.requestId !== requestId) return undefined;
  watched.requestId = undefined;
  for (const reader of watched.feeds) reader.begun = true;
  return watched;
}

export function watchRefused(
  state: ClientState,
  requestId: number,
  why: Failure,
  out: Effect[],
): void {
  const watched = watchAnswered(state, requestId);
  if (watched) failWatch(state, watched, why, out);
}

/** Its coordinator has no more to tell of it: another one has it. */
export function loseSightOf(state: ClientState, planId: string, why: Failure, out: Effect[]): void {
  const watched = state.watches.get(planId);
  if (watched) failWatch(state, watched, why, out);
}

/** What was accepted in a history that this coordinator does not have is lost to us. */
export function leaveOtherHistories(state: ClientState, out: Effect[]): void {
  for (const watched of state.watches.values()) {
    if (watched.historyId === undefined || watched.historyId === state.session.historyId) continue;
    const text = `the coordinator does not know ${watched.planId}: it was started anew without its store, or is another one`;
    failWatch(state, watched, failure("PLAN_UNKNOWN", text, { hint: "submit it again" }), out);
  }
}

/**
 * After a reconnect. What waits for its Accepted is watched by its Submit, which tells the outcome alone: readers go on when their own Watch is
 * answered.
 */
export function renewWatches(state: ClientState, out: Effect[]): void {
  state.watchRequests.clear();
  for (const watched of state.watches.values()) {
    for (const reader of watched.feeds) reader.begun = false;
    if (watched.historyId !== undefined) watch(state, watched, out);
  }
}

export function failWatches(state: ClientState, why: Failure, out: Effect[]): void {
  for (const watched of state.watches.values()) failWatch(state, watched, why, out);
}

export function failWatch(state: ClientState, watched: Watched, why: Failure, out: Effect[]): void {
  if (isOutcomeWanted(watched)) {
    out.push({ type: "loseSight", planId: watched.planId, failure: why });
  }
  for (const { feed } of watched.feeds) out.push({ type: "failFeed", feed, failure: why });
  forget(state, watched);
}

/** Also by who has submitted it, and is not answered yet: its end may come with the answer. */
export function isOutcomeWanted({ followed, submitting }: Watched): boolean {
  return followed || submitting > 0;
}

function add(state: ClientState, planId: string, followed: boolean): Watched {
  const { historyId } = state.session;
  const watched: Watched = {
    planId,
    historyId,
    submitting: 0,
    followed,
    requestId: undefined,
    feeds: [],
  };
  state.watches.set(planId, watched);
  return watched;
}

/** One Watch serves everybody here: for the outcome alone, or for all events after the oldest that some reader lacks. */
export function watch(state: ClientState, watched: Watched, out: Effect[]): void {
  const { phase } = state.session;
  if (phase.name !== "ready") return;
  const { planId, feeds } = watched;
  const from = feeds.length > 0 ? oldest(feeds.map(({ last }) => last)) : undefined;
  const extent = feeds.length > 0 ? { ...(from && { from }) } : { only_outcome: true };
  forgetRequest(state, watched);
  const request_id = state.requests.next++;
  watched.requestId = request_id;
  state.watchRequests.set(request_id, planId);
  const message = { type: "Watch", request_id, plan_id: planId, ...extent } as const;
  out.push({ type: "send", connection: phase.connection, message });
}

/** Whatever is still said about its last Watch, a newer one will be told too, or nobody cares. */
function forgetRequest(state: ClientState, watched: Watched): void {
  if (watched.requestId !== undefined) state.watchRequests.delete(watched.requestId);
  watched.requestId = undefined;
}

function oldest(numbers: readonly (EventNumber | undefined)[]): EventNumber | undefined {
  return numbers.reduce((a, b) => {
    if (!a || !b) return undefined;
    return isAfter(a, b) ? b : a;
  });
}

function isAfter(a: EventNumber, b: EventNumber): boolean {
  return a[0] === b[0] ? a[1] > b[1] : a[0] > b[0];
}

function endOf({ session }: ClientState): Failure | undefined {
  return session.phase.name === "ended" ? session.phase.failure : undefined;
}
