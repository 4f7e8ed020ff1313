import {
  lowerMessage,
  PlanwireError,
  wireErrorOf,
  type ConnectionId,
  type ErrorCode,
  type ErrorMessage,
  type Message,
} from "@planwire/protocol";
import type { Connection, Turn } from "./state.js";

export function send(turn: Turn, conn: ConnectionId, message: Message, cause?: string): void {
  turn.out.push({ type: "send", conn, message, ...(cause !== undefined && { cause }) });
}

/**
 * The message as this connection's peer knows it.
 * @throws PlanwireError VALUE_UNSUPPORTED for what can't be said there without loss
 */
export function lowered(connection: Connection, message: Message): Message {
  return lowerMessage(message, connection.features);
}

/** Answers a request, or a message that made no sense. Never sent to a peer that can't read errors. */
export function sendError(
  turn: Turn,
  connection: Connection,
  error: PlanwireError,
  about: Pick<ErrorMessage, "request_id" | "plan_id" | "stream_id"> = {},
): void {
  if (connection.phase === "worker" && !connection.features.has("errors")) return;
  send(turn, connection.id, { type: "Error", ...wireErrorOf(error), ...about });
}

/** Tells why, then closes with the code's own close code. */
export function closeWith(
  turn: Turn,
  connection: Connection,
  code: ErrorCode,
  message: string,
): void {
  if (connection.phase === "closing") return;
  sendError(turn, connection, new PlanwireError(code, message));
  connection.phase = "closing";
  turn.out.push({ type: "close", conn: connection.id, code });
}

export function log(
  turn: Turn,
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields: Record<string, unknown> = {},
): void {
  turn.out.push({ type: "log", level, message, fields });
}
