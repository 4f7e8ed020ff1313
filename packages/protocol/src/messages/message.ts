import * as z from "zod/mini";
import { tagged } from "../schema/struct.js";
import { FROM_CLIENT, TO_CLIENT } from "./client.js";
import { ErrorMessage } from "./error.js";
import { FROM_WORKER } from "./from-worker.js";
import { STREAM_MESSAGES } from "./stream.js";
import { TO_WORKER } from "./to-worker.js";

/** Every message of the wire, in every direction, told apart by `type`. */
export const Message = tagged("type", [
  ...FROM_WORKER,
  ...TO_WORKER,
  ...STREAM_MESSAGES,
  ...FROM_CLIENT,
  ...TO_CLIENT,
  ErrorMessage,
]);
export type Message = z.infer<typeof Message>;
export type MessageType = Message["type"];
export type MessageOf<T extends MessageType> = Extract<Message, { type: T }>;

/**
 * What peers of the inherited wire answer without a `type`: `{"error": ..}` where they did not understand,
 * `{"status": ..}` for a cancel. Nobody answers these.
 */
export const UntypedReply = z.union([
  z.looseObject({ error: z.string() }),
  z.looseObject({ status: z.string() }),
]);
export type UntypedReply = z.infer<typeof UntypedReply>;
