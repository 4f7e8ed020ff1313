import {
  ERRORS,
  isErrorCode,
  LIMITS,
  sharedFeatures,
  type ErrorCode,
  type ErrorMessage,
  type Registered,
  type WireError,
} from "@planwire/protocol";
import type { Refusal } from "./effect.js";
import type { ConnectionEnd } from "./event.js";
import { heartbeatDue, startHeartbeats, stopHeartbeats } from "./heartbeats.js";
import { dropRun } from "./plan-runs.js";
import { registerMessage } from "./register.js";
import type { Settings } from "./settings.js";
import type { Session, Turn, WorkerState } from "./state.js";
import { dropStream } from "./stream-runs.js";
import { deliverAgain, forgetAll } from "./unacknowledged.js";
import { forgetUntold } from "./untold.js";

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 10_000;
const LEAST_HEARTBEAT_MS = 10;
const LEAST_LEASE_MS = 100;
const LEAST_PATIENCE_MS = 1_000;

export function newSession(): Session {
  return {
    phase: "idle",
    connection: 0,
    deadline: undefined,
    failures: 0,
    refusal: undefined,
    told: undefined,
    outdated: false,
    features: new Set(),
    historyId: undefined,
    frameBytes: LIMITS.frameBytes,
    chunkBytes: LIMITS.chunkBytes,
    // Those of the inherited wire, until Registered says others.
    heartbeatIntervalMs: 10_000,
    heartbeatTimeoutMs: 30_000,
    handled: 0,
    heartbeatAt: undefined,
    heartbeatsSent: 0,
    heartbeatsAcked: 0,
    otherSlotsTold: 0,
    ackBy: undefined,
  };
}

export function connect({ session, settings }: WorkerState, turn: Turn): void {
  session.phase = "connecting";
  session.connection += 1;
  session.deadline = turn.now.mono + patienceMs(session, settings);
  if (session.failures === 0) {
    turn.emit({ type: "notify", event: { type: "connecting", url: settings.url } });
  }
  turn.emit({ type: "connect", connection: session.connection });
}

/** The socket is open. Nothing is known of the peer yet, so it gets the plain form of all. */
export function connected(state: WorkerState, turn: Turn): void {
  const { session, settings } = state;
  session.phase = "registering";
  session.deadline = turn.now.mono + patienceMs(session, settings);
  useFeatures(state, turn, []);
  session.outdated = false;
  turn.emit({ type: "send", message: registerMessage(state) });
}

export function registered(state: WorkerState, turn: Turn, message: Registered): void {
  const { session, settings } = state;
  // The answer to a Register on a registered socket says nothing new.
  if (session.phase !== "registering") return;
  session.phase = "registered";
  session.deadline = undefined;
  session.failures = 0;
  session.refusal = undefined;
  session.told = undefined;
  session.handled = 0;
  takeHeartbeatTimes(session, message);
  session.frameBytes = message.limits?.frame_bytes ?? LIMITS.frameBytes;
  session.chunkBytes = message.limits?.chunk_bytes ?? LIMITS.chunkBytes;
  useFeatures(state, turn, message.features ?? []);
  followHistory(state, turn, message.history_id);
  turn.emit({
    type: "notify",
    event: {
      type: "registered",
      workerId: settings.workerId,
      ...(message.coordinator_id !== undefined && { coordinatorId: message.coordinator_id }),
    },
  });
  startHeartbeats(state, turn);
  deliverAgain(state, turn);
  const offers = state.openOffers.splice(0);
  if (session.outdated) {
    registerAgain(state, turn);
    for (const { offer } of offers) awaitOffer(state, turn, offer);
  } else for (const { offer } of offers) turn.emit({ type: "offerDone", offer });
}

/** A coordinator that asks for heartbeats at no distance at all gets them at some. */
function takeHeartbeatTimes(session: Session, message: Registered): void {
  const { heartbeat_interval_ms: interval, heartbeat_timeout_ms: timeout } = message;
  session.heartbeatIntervalMs = Math.max(
    interval ?? session.heartbeatIntervalMs,
    LEAST_HEARTBEAT_MS,
  );
  session.heartbeatTimeoutMs = Math.max(timeout ?? session.heartbeatTimeoutMs, LEAST_LEASE_MS);
}

/** The coordinator knows an offer when it acknowledges the heartbeat behind the Register that holds it. */
export function awaitOffer({ session, openOffers }: WorkerState, turn: Turn, offer: number): void {
  if (session.phase === "registered" && !session.features.has("books")) {
    return turn.emit({ type: "offerDone", offer });
  }
  openOffers.push({ offer, heartbeat: session.heartbeatsSent + 1 });
}

/** What Register says has changed: the coordinator is told at once. */
export function registerAgain(state: WorkerState, turn: Turn): void {
  const { session } = state;
  if (session.phase === "registering") session.outdated = true;
  if (session.phase !== "registered") return;
  turn.emit({ type: "send", message: registerMessage(state) });
  heartbeatDue(state, turn);
}

/** Before Registered an error means that we are not wanted; the peer closes the socket, or we do. */
export function refused({ session }: WorkerState, turn: Turn, error: ErrorMessage): void {
  if (session.phase !== "registering") return;
  session.refusal = refusalOf(error);
  turn.emit({ type: "disconnect", reason: "refused" });
}

/** What can't be read may have been meant as the answer to Register: that is told should no better one come. */
export function answeredUnreadably({ session }: WorkerState, error: WireError): void {
  if (session.phase !== "registering") return;
  const message = `what came in answer to Register can't be read: ${error.message}`;
  session.refusal ??= { ...refusalOf(error), ...(error.code !== "PEER_ERROR" && { message }) };
}

function refusalOf({ code, message, path, expected, hint }: WireError): Refusal {
  return {
    code,
    message,
    ...(path !== undefined && { path }),
    ...(expected !== undefined && { expected }),
    ...(hint !== undefined && { hint }),
  };
}

export function disconnected(
  state: WorkerState,
  turn: Turn,
  end: ConnectionEnd,
  random: number,
): void {
  const { session } = state;
  if (session.phase === "left" || session.phase === "waiting") return;
  const retryInMs = backoffMs(session, random);
  session.phase = "waiting";
  session.deadline = turn.now.mono + retryInMs;
  session.failures += 1;
  stopHeartbeats(state);
  forgetUntold(state);
  // A stream lives on its connection; parts outlive it.
  for (const stream of state.streams.values()) dropStream(state, turn, stream);
  tellWhy(session, turn, end, retryInMs);
}

function tellWhy(session: Session, turn: Turn, end: ConnectionEnd, retryInMs: number): void {
  const refusal = session.refusal ?? refusalIn(end);
  session.refusal = undefined;
  const why = refusal ? JSON.stringify(refusal) : "lost";
  if (session.told === why) return;
  session.told = why;
  turn.emit({
    type: "notify",
    event: refusal ? { type: "refused", ...refusal, retryInMs } : { type: "lost", end, retryInMs },
  });
}

/** Errors that a retry alone won't mend. They come as the close reason, or as an HTTP status before there is a socket. */
function refusalIn({ reason, status }: ConnectionEnd): Refusal | undefined {
  if (isErrorCode(reason)) return ERRORS[reason].retryable ? undefined : refusalBy(reason);
  if (status === 401) return { code: "UNAUTHORIZED", message: reason };
  return status === 403 ? { code: "FORBIDDEN", message: reason } : undefined;
}

function refusalBy(code: ErrorCode): Refusal {
  const message = REFUSAL_MESSAGES[code] ?? "the coordinator closed the connection";
  return { code, message };
}

const REFUSAL_MESSAGES: Partial<Record<ErrorCode, string>> = {
  UNAUTHORIZED: "the coordinator wants a token, or another one",
  WORKER_ID_TAKEN: "another worker with this id is connected",
  MESSAGE_TOO_LARGE: "the coordinator takes no message as large as one of this worker's",
};

/** The socket is open but nobody answers: it counts as lost at once, the close of a dead peer can take minutes. */
export function giveUpConnection(
  state: WorkerState,
  turn: Turn,
  reason: string,
  random: number,
): void {
  turn.emit({ type: "disconnect", reason });
  disconnected(state, turn, { reason }, random);
}

/** How long to wait for a connection, and for Registered: a lease may be running, and another try has to fit in it. */
function patienceMs({ heartbeatTimeoutMs }: Session, { registerTimeoutMs }: Settings): number {
  return Math.min(registerTimeoutMs, Math.max(heartbeatTimeoutMs / 2, LEAST_PATIENCE_MS));
}

/** Exponential, with jitter, and below half a lease: whoever reconnects in time keeps its attempts. */
function backoffMs({ failures, heartbeatTimeoutMs }: Session, random: number): number {
  const longest = Math.min(LONGEST_RETRY_MS, heartbeatTimeoutMs * 0.4);
  const step = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures, 20), longest);
  return Math.round(step * (0.5 + random / 2));
}

function useFeatures({ session }: WorkerState, turn: Turn, announced: readonly string[]): void {
  const features = sharedFeatures(announced);
  session.features = new Set(features);
  turn.emit({ type: "useFeatures", features });
}

/** Another history knows nothing of what we hold: it is stopped and dropped. */
function followHistory(state: WorkerState, turn: Turn, historyId: string | undefined): void {
  const { session } = state;
  const before = session.historyId;
  session.historyId = historyId;
  if (before === undefined || before === historyId) return;
  for (const run of state.plans.values()) dropRun(state, turn, run);
  forgetAll(state);
}
