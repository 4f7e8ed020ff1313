import {
  decodeFrame,
  readChunkHead,
  type ConnectionId,
  type Decoded,
  type FrameLimits,
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
  return { type: "received", conn, message, isError, bytes };
}
