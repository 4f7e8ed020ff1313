import {
  PROTOCOL_VERSION,
  sharedFeatures,
  type ErrorMessage,
  type MessageOf,
} from "@planwire/protocol";
import { backoffMs } from "./backoff.js";
import type { Effect } from "./effects.js";
import type { Now, SocketLoss } from "./events.js";
import { failure, type Failure } from "./failure.js";
import { failRequests, failRequestsInFlight } from "./answers.js";
import { resendRequests } from "./requests.js";
import { describeLoss, fatalFailureOf, isFatal, tooLargeOf } from "./socket-loss.js";
import type { ClientState } from "./state.js";
import { failStreams, failStreamsUnderWay, beginWaitingStreams } from "./streams.js";
import { failWatches, leaveOtherHistories, renewWatches } from "./watches.js";

export function connect(state: ClientState, now: Now, out: Effect[]): void {
  const { session, settings } = state;
  if (session.phase.name !== "idle") return;
  session.giveUpAt = now.mono + settings.firstConnectionMs;
  dial(state, now, out);
}

function dial({ session, settings }: ClientState, now: Now, out: Effect[]): void {
  const connection = ++session.lastConnection;
  const until = now.mono + settings.handshakeMs;
  session.phase = { name: "opening", connection, until };
  out.push({ type: "openSocket", connection });
}

/** The connection's number while there is one that is meant by an event, open or not. */
function connectionOf({ session }: ClientState): number | undefined {
  return "connection" in session.phase ? session.phase.connection : undefined;
}

export function isCurrent(state: ClientState, connection: number): boolean {
  return connectionOf(state) === connection;
}

export function socketOpened(state: ClientState, connection: number, out: Effect[]): void {
  const { session, settings } = state;
  if (session.phase.name !== "opening" || session.phase.connection !== connection) return;
  session.phase = { name: "greeting", connection, until: session.phase.until };
  const { implementation, version, features } = settings;
  const message: MessageOf<"Hello"> = {
    type: "Hello",
    protocol_version: PROTOCOL_VERSION,
    implementation,
    version,
    features: [...features],
  };
  out.push({ type: "send", connection, message });
}

export function welcomed(state: ClientState, welcome: MessageOf<"Welcome">, out: Effect[]): void {
  const { session } = state;
  if (session.phase.name !== "greeting") return;
  const { connection } = session.phase;
  session.phase = { name: "ready", connection, limits: welcome.limits };
  session.failedTries = 0;
  session.historyId = welcome.history_id;
  out.push({
    type: "writeFor",
    features: sharedFeatures(welcome.features),
    frameBytes: welcome.limits.frame_bytes,
  });
  if (session.giveUpAt !== undefined) {
    session.giveUpAt = undefined;
    out.push({ type: "connected" });
  }
  leaveOtherHistories(state, out);
  resendRequests(state, connection, out);
  renewWatches(state, out);
  beginWaitingStreams(state, out);
}

/** An error that answers no request of ours: it concerns the session, when it is fatal. */
export function sessionRefused(state: ClientState, error: ErrorMessage, out: Effect[]): void {
  if (!isFatal(error.code)) return;
  const { type: _, request_id: _id, ...wireError } = error;
  end(state, wireError, out);
}

export function socketClosed(
  state: ClientState,
  event: SocketLoss & { readonly connection: number; readonly random: number },
  now: Now,
  out: Effect[],
): void {
  if (!isCurrent(state, event.connection)) return;
  state.session.phase = { name: "waiting", until: now.mono }; // there is no socket to close any more
  const fatal = fatalFailureOf(event);
  if (fatal) return end(state, fatal, out);
  const tooLarge = tooLargeOf(event);
  if (tooLarge) failRequestsInFlight(state, tooLarge, out);
  loseConnection(state, describeLoss(event), event.random, now, out);
}

export function woken(state: ClientState, random: number, now: Now, out: Effect[]): void {
  const { session } = state;
  const { phase } = session;
  if (phase.name === "waiting" && now.mono >= phase.until) return dial(state, now, out);
  if ((phase.name === "opening" || phase.name === "greeting") && now.mono >= deadlineOf(state)) {
    out.push({ type: "closeSocket", connection: phase.connection });
    session.phase = { name: "waiting", until: now.mono };
    loseConnection(state, "it did not answer in time", random, now, out);
  }
}

/** Ends the session for good: whoever waits for anything learns it. */
export function end(state: ClientState, why: Failure, out: Effect[]): void {
  const { session } = state;
  if (session.phase.name === "ended") return;
  const connection = connectionOf(state);
  session.phase = { name: "ended", failure: why };
  if (connection !== undefined) out.push({ type: "closeSocket", connection });
  failRequests(state, why, out);
  failWatches(state, why, out);
  failStreams(state, why, out);
  out.push({ type: "ended", failure: why });
}

/** When the core wants to be woken next. */
export function nextWake(state: ClientState): number | undefined {
  const { phase } = state.session;
  switch (phase.name) {
    case "waiting":
      return phase.until;
    case "opening":
    case "greeting":
      return deadlineOf(state);
    case "idle":
    case "ready":
    case "ended":
      return undefined;
  }
}

function deadlineOf({ session }: ClientState): number {
  const until = "until" in session.phase ? session.phase.until : Infinity;
  return Math.min(until, session.giveUpAt ?? Infinity);
}

function loseConnection(
  state: ClientState,
  loss: string,
  random: number,
  now: Now,
  out: Effect[],
): void {
  const { session, settings } = state;
  failStreamsUnderWay(state, failure("CONNECTION_LOST", connectionLost(loss)), out);
  const until = now.mono + backoffMs(settings.backoff, session.failedTries++, random);
  if (session.giveUpAt !== undefined && until >= session.giveUpAt) {
    return end(state, unreachable(loss), out);
  }
  session.phase = { name: "waiting", until };
}

function connectionLost(loss: string): string {
  return `the connection to the coordinator was lost during the stream: ${loss}`;
}

function unreachable(loss: string): Failure {
  return failure("COORDINATOR_UNREACHABLE", `the coordinator could not be reached: ${loss}`, {
    hint: "start one with `npx planwire dev`, or see whether the URL is right",
  });
}
