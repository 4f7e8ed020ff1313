import { createHash } from "node:crypto";
import { canonicalContent, encodeFrame, LIMITS, type ConnectionId } from "@planwire/protocol";
import { describe, expect, test } from "vitest";
import { receivedEvents } from "./received-events.js";

const conn = "c" as ConnectionId;
const plan = { plan_id: "p", plan: { Execute: { node_id: "a" } }, metadata: {} } as const;
const submit = { type: "Submit", request_id: 7, plan } as const;

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

  test("the hash of a submission's canonical content, whatever its id", () => {
    const contentHash = createHash("sha256").update(canonicalContent(plan)).digest("hex");
    const renamed = { ...submit, plan: { ...plan, plan_id: "q" } };
    expect(text(submit)).toMatchObject([{ contentHash }]);
    expect(text(renamed)).toMatchObject([{ contentHash }]);
    expect(text({ type: "Pong" })[0]).not.toHaveProperty("contentHash");
  });

  test("that of a stream's plan too", () => {
    const begin = { type: "StreamBegin", stream_id: "s", plan_id: "p", total_chunks: null, plan };
    const frame = encodeFrame({ ...begin, type: "StreamBegin" }, new Set());
    const [event] = receivedEvents(conn, Buffer.from(frame as Uint8Array), true, LIMITS);
    expect(event).toMatchObject({ type: "received", message: { type: "StreamBegin" } });
    expect(event).toHaveProperty("contentHash", expect.stringMatching(/^[0-9a-f]{64}$/));
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
