import { hash } from "node:crypto";
import {
  canonicalContent,
  decodeFrame,
  isPlanwireError,
  isUntypedReply,
  PlanwireError,
  readChunkHead,
  type ConnectionId,
  type Decoded,
  type FrameLimits,
  type SerializedPlan,
} from "@planwire/protocol";
import type { CoreEvent } from "./core/event.js";

/**
 * What the core is told of a frame: an event for each message in it. A chunk keeps the frame itself, as it came: the socket never uses
 * that memory again, and a small chunk that waits holds on to at most one read of the socket (64 KiB).
 */
export function receivedEvents(
  conn: ConnectionId,
  data: Buffer,
  isBinary: boolean,
  limits: FrameLimits,
): CoreEvent[] {
  if (!isBinary) {
    return eventsOf(conn, decodeFrame(data.toString(), limits), data.length);
  }
  const head = readChunkHead(data);
  if (head !== undefined) return [{ type: "receivedChunk", conn, head, frame: data }];
  return eventsOf(conn, decodeFrame(data, limits), data.length);
}

function eventsOf(conn: ConnectionId, messages: readonly Decoded[], bytes: number): CoreEvent[] {
  const share = Math.ceil(bytes / messages.length);
  return messages.map((one) => eventOf(conn, one, share));
}

function eventOf(conn: ConnectionId, decoded: Decoded, bytes: number): CoreEvent {
  if (!decoded.ok) {
    const { error, isError, requestId } = decoded;
    const about = requestId === undefined ? {} : { requestId };
    return { type: "receivedBroken", conn, error, isError, ...about };
  }
  const { message, isError } = decoded;
  const event = { type: "received", conn, message, isError, bytes } as const;
  if (isUntypedReply(message)) return event;
  if (message.type !== "Submit" && message.type !== "StreamBegin") return event;
  try {
    return { ...event, contentHash: contentHash(message.plan) };
  } catch (error) {
    const about = message.type === "Submit" ? { requestId: message.request_id } : {};
    return { type: "receivedBroken", conn, error: unhashable(error), isError, ...about };
  }
}

function contentHash(plan: SerializedPlan): string {
  return hash("sha256", canonicalContent(plan), "hex");
}

function unhashable(cause: unknown): PlanwireError {
  if (isPlanwireError(cause)) return cause;
  const expected = "a plan with a canonical form";
  return new PlanwireError("INVALID_MESSAGE", `the plan can't be hashed: ${String(cause)}`, {
    details: { path: "plan", expected },
    cause,
  });
}
