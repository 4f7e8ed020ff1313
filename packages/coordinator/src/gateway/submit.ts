import { PlanwireError, type MessageOf } from "@planwire/protocol";
import type { Framed } from "../core/event.js";
import { sendError } from "../core/send.js";
import type { Connection, Turn } from "../core/state.js";
import { submit } from "../core/submissions.js";

export function submitMessage(
  turn: Turn,
  connection: Connection,
  message: MessageOf<"Submit">,
  { contentHash, bytes }: Framed,
): void {
  if (contentHash !== undefined) return submit(turn, connection, message, { contentHash, bytes });
  const error = new PlanwireError("INTERNAL", "the plan's content was not hashed");
  sendError(turn, connection, error, { request_id: message.request_id });
}
