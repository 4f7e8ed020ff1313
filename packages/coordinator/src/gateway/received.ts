import {
  isUntypedReply,
  PlanwireError,
  type Message,
  type MessageOf,
  type UntypedReply,
} from "@planwire/protocol";
import type { CoreEvent } from "../core/event.js";
import { drainWorker } from "../core/drain.js";
import { askList, workerSummaries } from "../core/lists.js";
import { closeWith, log, send, sendError } from "../core/send.js";
import { register, signOfLife } from "../core/sessions.js";
import type { Connection, Turn } from "../core/state.js";
import {
  chunkData,
  chunkResult,
  receivedChunk,
  streamAccepted,
  streamCancel,
  streamComplete,
  streamCredit,
  streamEnd,
} from "../core/streams.js";
import { beginStream, submit } from "../core/submissions.js";
import { unwatch } from "../core/watches.js";
import { askMessage } from "./ask.js";
import { busy } from "./busy.js";
import { workerEvent } from "./event.js";
import { heartbeat } from "./heartbeat.js";
import { hello } from "./hello.js";
import { misuse } from "./phase.js";
import { planResult } from "./plan-result.js";
import { started } from "./started.js";
import { watchMessage } from "./watch.js";

type Received = Extract<CoreEvent, { type: "received" }>;

/** A message that could be read: who may send it now is asked first, what it means by its own handler. */
export function received(turn: Turn, event: Received): void {
  const connection = turn.state.connections.get(event.conn);
  if (!connection || connection.phase === "closing") return;
  connection.heard += 1;
  signOfLife(turn, connection);
  const { message } = event;
  if (isUntypedReply(message)) return untyped(turn, connection, message, event.isError);
  // Whatever else it says, it reports an error: doing as it says could answer it.
  if (event.isError) return peerError(turn, connection, message);
  const wrong = misuse(connection, message.type);
  if (wrong !== undefined) {
    const requestId = "request_id" in message ? message.request_id : undefined;
    return unexpected(turn, connection, requestId, wrong);
  }
  dispatch(turn, connection, message, event);
}

function dispatch(turn: Turn, connection: Connection, message: Message, event: Received): void {
  switch (message.type) {
    case "Register":
      return register(turn, connection, message);
    case "Heartbeat":
      return heartbeat(turn, connection, message);
    case "Event":
      return workerEvent(turn, connection, message);
    case "PlanResult":
      return planResult(turn, connection, message, event.bytes);
    case "Started":
      return started(turn, connection, message);
    case "Busy":
    case "Recalled":
      return busy(turn, connection, message);
    case "Hello":
      return hello(turn, connection, message);
    case "Submit":
      return submit(turn, connection, message, event.bytes);
    case "Watch":
      return watchMessage(turn, connection, message);
    case "Unwatch":
      return unwatch(turn, connection.id, message.plan_id);
    case "Get":
    case "Cancel":
    case "Explain":
      return askMessage(turn, connection, message);
    case "ListWorkers":
      return listWorkers(turn, connection, message);
    case "Drain":
      return drainWorker(turn, connection, message);
    case "ListPlans":
      return askList(turn, connection, message);
    case "StreamBegin":
      return beginStream(turn, connection, message, event.bytes);
    case "StreamAccepted":
      return streamAccepted(turn, connection.id, message);
    case "ChunkData":
      return chunkData(turn, connection.id, message);
    case "ChunkResult":
      connection.heardBulk = true;
      return chunkResult(turn, connection.id, message);
    case "StreamCredit":
      return streamCredit(turn, connection.id, message);
    case "StreamEnd":
      return streamEnd(turn, connection.id, message);
    case "StreamComplete":
      connection.heardBulk = true;
      return streamComplete(turn, connection.id, message, event.bytes);
    case "StreamCancel":
      return streamCancel(turn, connection.id, message);
    default:
      // Pong, ShutdownAck, and the reports of jobs, which nobody is given yet: a sign of life, and no more.
      return;
  }
}

function listWorkers(
  turn: Turn,
  connection: Connection,
  { request_id }: MessageOf<"ListWorkers">,
): void {
  const workers = workerSummaries(turn.state, turn.now);
  send(turn, connection.id, { type: "Workers", request_id, workers });
}

function peerError(turn: Turn, connection: Connection, message: Message): void {
  connection.broken += 1;
  const what = message.type === "Error" ? { code: message.code, text: message.message } : {};
  logBroken(turn, connection, "a peer reports an error", { type: message.type, ...what });
}

/** An answer of the inherited wire, or something without a type. Errors are answered to nobody. */
function untyped(turn: Turn, connection: Connection, reply: UntypedReply, isError: boolean): void {
  log(turn, "debug", "a reply without a type", { reply });
  if (isError || connection.phase === "worker") return;
  sendError(
    turn,
    connection,
    new PlanwireError("INVALID_MESSAGE", "expected a message with a type"),
  );
}

/** A chunk that passes unread. Who may not send it is told so, as of any other message. */
export function receivedChunkFrame(
  turn: Turn,
  { conn, head, frame }: Extract<CoreEvent, { type: "receivedChunk" }>,
): void {
  const connection = turn.state.connections.get(conn);
  if (!connection || connection.phase === "closing") return;
  connection.heard += 1;
  connection.heardBulk = true;
  signOfLife(turn, connection);
  const wrong = misuse(connection, head.type);
  if (wrong !== undefined) return unexpected(turn, connection, undefined, wrong);
  receivedChunk(turn, conn, head, frame);
}

function unexpected(
  turn: Turn,
  connection: Connection,
  requestId: number | undefined,
  why: string,
): void {
  connection.broken += 1;
  const error = new PlanwireError("UNEXPECTED_MESSAGE", why);
  if (why.startsWith("this token")) return closeWith(turn, connection, "FORBIDDEN", why);
  sendError(turn, connection, error, requestId === undefined ? {} : { request_id: requestId });
}

/** What could not be understood is answered by a typed error; a peer of the inherited wire could not read that. */
export function receivedBroken(
  turn: Turn,
  { conn, error, requestId, isError }: Extract<CoreEvent, { type: "receivedBroken" }>,
): void {
  const connection = turn.state.connections.get(conn);
  if (!connection || connection.phase === "closing") return;
  connection.heard += 1;
  connection.broken += 1;
  signOfLife(turn, connection);
  const what = { code: error.code, text: error.message };
  logBroken(turn, connection, "a message could not be understood", what);
  if (isError) return;
  sendError(turn, connection, error, requestId === undefined ? {} : { request_id: requestId });
}

/** A peer that breaks everything it says must not fill the log. */
const MOST_LOGGED = 20;

function logBroken(
  turn: Turn,
  { id, broken }: Connection,
  message: string,
  fields: Record<string, unknown>,
): void {
  const more = broken === MOST_LOGGED ? "; what else this connection breaks is not logged" : "";
  log(turn, broken <= MOST_LOGGED ? "warn" : "debug", message + more, { conn: id, ...fields });
}
