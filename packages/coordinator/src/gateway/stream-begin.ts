import { PlanwireError, type MessageOf } from "@planwire/protocol";
import type { Framed } from "../core/event.js";
import { sendError } from "../core/send.js";
import type { Connection, Turn } from "../core/state.js";
import { beginStream } from "../core/submissions.js";

export function streamBeginMessage(
  turn: Turn,
  connection: Connection,
  message: MessageOf<"StreamBegin">,
  { contentHash, bytes }: Framed,
): void {
  if (contentHash !== undefined) {
    return beginStream(turn, connection, message, { contentHash, bytes });
  }
  const error = new PlanwireError("INTERNAL", "the plan's content was not hashed");
  sendError(turn, connection, error, { stream_id: message.stream_id });
}
