import type { Message } from "@planwire/protocol";
import { answered, errorAnswered, isAnswer, requestFailed } from "./answers.js";
import type { Effect } from "./effects.js";
import type { ClientEvent, Now } from "./events.js";
import { failure } from "./failure.js";
import { ask } from "./requests.js";
import {
  connect,
  end,
  isCurrent,
  nextWake,
  sessionRefused,
  socketClosed,
  socketOpened,
  welcomed,
  woken,
} from "./session.js";
import type { ClientState } from "./state.js";
import {
  cancelStream,
  chunkPulled,
  creditGranted,
  openStream,
  resultReceived,
  resultTaken,
  sourceEnded,
  streamAccepted,
  streamCancelled,
  streamCompleted,
  streamRefused,
} from "./streams.js";
import { abandonSubmit, submit } from "./submissions.js";
import { closeFeed, follow, loseSightOf, openFeed, planEvent } from "./watches.js";

/** Takes one event into the state, and says what is to be done about it. */
export function step(state: ClientState, event: ClientEvent, now: Now): Effect[] {
  const out: Effect[] = [];
  handle(state, event, now, out);
  const at = nextWake(state);
  if (at !== state.session.wakeAt) {
    state.session.wakeAt = at;
    out.push({ type: "wakeAt", at });
  }
  return out;
}

function handle(state: ClientState, event: ClientEvent, now: Now, out: Effect[]): void {
  switch (event.type) {
    case "connect":
      return connect(state, now, out);
    case "openSocketDone":
      return socketOpened(state, event.connection, out);
    case "socketClosed":
      return socketClosed(state, event, now, out);
    case "received":
      if (!isCurrent(state, event.connection)) return;
      return receive(state, event.message, event.bytes, out);
    case "brokenReceived":
      if (!isCurrent(state, event.connection)) return;
      return brokenReceived(state, event, out);
    case "wakeAtDone":
      state.session.wakeAt = undefined; // a timer that was early is set again
      return woken(state, event.random, now, out);
    case "ask":
      return ask(state, event.ask, event.question, out);
    case "submit":
      return submit(state, event, out);
    case "abandonSubmit":
      return abandonSubmit(state, event.ask, event.reason, out);
    case "sendFailed":
      return sendFailed(state, event, out);
    case "follow":
      return follow(state, event.planId, out);
    case "openFeed":
      return openFeed(state, event.feed, event.planId, out);
    case "closeFeed":
      return closeFeed(state, event.feed, event.planId, out);
    case "openStream":
      return openStream(state, event.streamId, event.plan, out);
    case "pullChunkDone":
      return chunkPulled(state, event.streamId, event.bytes, out);
    case "pullChunkEnd":
      return sourceEnded(state, event.streamId, out);
    case "resultTaken":
      return resultTaken(state, event.streamId, event.bytes, out);
    case "cancelStream":
      return cancelStream(state, event.streamId, event.reason, out);
    case "close":
      return end(state, failure("CLOSED", "this client was closed"), out);
  }
}

function receive(state: ClientState, message: Message, bytes: number, out: Effect[]): void {
  if (isAnswer(message)) return answered(state, message, out);
  switch (message.type) {
    case "Welcome":
      return welcomed(state, message, out);
    case "PlanEvent":
      return planEvent(state, message, out);
    case "StreamAccepted":
      return streamAccepted(state, message, out);
    case "StreamCredit":
      return creditGranted(state, message, out);
    case "ChunkResult":
      return resultReceived(state, message, bytes, out);
    case "StreamComplete":
      return streamCompleted(state, message, out);
    case "StreamCancel":
      return streamCancelled(state, message, out);
    case "Error":
      return errorReceived(state, message, out);
    default:
      // What is meant for a coordinator or a worker, or comes too late. Answering it could only start a quarrel.
      return;
  }
}

function errorReceived(
  state: ClientState,
  error: Extract<Message, { type: "Error" }>,
  out: Effect[],
): void {
  const { type: _, request_id, stream_id, plan_id, ...wireError } = error;
  if (request_id !== undefined) return errorAnswered(state, request_id, error, out);
  if (stream_id !== undefined) return streamRefused(state, stream_id, wireError, out);
  if (plan_id !== undefined) return loseSightOf(state, plan_id, wireError, out);
  sessionRefused(state, error, out);
}

/** What could not be understood is answered by a typed error, and never by silence; an error never is. */
function brokenReceived(
  state: ClientState,
  event: Extract<ClientEvent, { type: "brokenReceived" }>,
  out: Effect[],
): void {
  const { connection, failure: why, requestId, isError } = event;
  if (!isError) out.push({ type: "send", connection, message: { type: "Error", ...why } });
  if (requestId !== undefined) requestFailed(state, requestId, why, out);
}

function sendFailed(
  state: ClientState,
  { message, failure: why }: Extract<ClientEvent, { type: "sendFailed" }>,
  out: Effect[],
): void {
  if ("request_id" in message && message.request_id !== undefined) {
    return requestFailed(state, message.request_id, why, out);
  }
  if (message.type === "StreamBegin") streamRefused(state, message.stream_id, why, out);
}
