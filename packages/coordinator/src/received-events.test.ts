import { encodeFrame, LIMITS, type ConnectionId } from "@planwire/protocol";
import { describe, expect, test } from "vitest";
import { receivedEvents } from "./received-events.js";

const conn = "c" as ConnectionId;

function text(frame: unknown) {
  const data = Buffer.from(typeof frame === "string" ? frame : JSON.stringify(frame));
  return receivedEvents(conn, data, false, LIMITS);
}

describe("what the core is told of a frame", () => {
  test("a message, and how long its frame was in bytes", () => {
    const message = { type: "Get", request_id: 1, plan_id: "ü" };
    const bytes = Buffer.byteLength(JSON.stringify(message));
    expect(text(message)).toEqual([{ type: "received", conn, message, isError: false, bytes }]);
  });

  test("all messages of a batch, in order; a broken one spoils no other", () => {
    const events = text([
      { type: "Pong" },
      { type: "Get", request_id: 3 },
      { type: "Hm" },
      { type: "Pong" },
    ]);
    expect(events).toMatchObject([
      { type: "received", message: { type: "Pong" } },
      { type: "receivedBroken", requestId: 3, error: { code: "INVALID_MESSAGE" } },
      { type: "receivedBroken", error: { code: "UNKNOWN_TYPE" } },
      { type: "received", message: { type: "Pong" } },
    ]);
  });

  test("broken JSON, and bytes that are no msgpack", () => {
    const broken = { type: "receivedBroken", conn, isError: false };
    expect(text("{")).toMatchObject([broken]);
    expect(receivedEvents(conn, Buffer.of(0xc1), true, LIMITS)).toMatchObject([broken]);
  });

  test("an error, understood or not, is known as one", () => {
    expect(text({ error: "what?" })).toMatchObject([{ type: "received", isError: true }]);
    expect(text({ type: "Hm", error: "x" })).toMatchObject([{ isError: true }]);
  });

  test("of a chunk its head; the frame is the very one that came", () => {
    const value = { type: "Text", data: "x" } as const;
    const chunk = { type: "ChunkData", stream_id: "s", chunk_index: 5, value } as const;
    const data = Buffer.from(encodeFrame(chunk, new Set(["typed-values"])) as Uint8Array);
    const [event] = receivedEvents(conn, data, true, LIMITS);
    expect(event).toMatchObject({ type: "receivedChunk", head: { streamId: "s", index: 5 } });
    expect(event?.type === "receivedChunk" && event.frame === data).toBe(true);
  });
});
