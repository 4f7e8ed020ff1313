import { encode } from "@msgpack/msgpack";
import { describe, expect, test } from "vitest";
import type { Message } from "../messages/message.js";
import { Value } from "../value.js";
import { decodeBinary, encodeBinary } from "./binary.js";
import { readChunkHead } from "./chunk-head.js";

const value: Value = { type: "Tensor", data: { values: Float64Array.of(1, 2), shape: [2] } };
const chunk = (stream_id: string, chunk_index: number | bigint): Message => ({
  type: "ChunkResult",
  stream_id,
  chunk_index,
  value,
});

describe("a chunk's head", () => {
  test.each([
    "s",
    "x".repeat(31),
    "x".repeat(32),
    "é".repeat(127),
    "é".repeat(128),
    "🚀".repeat(256),
  ])("is read for the stream id %s", (streamId) => {
    for (const index of [0, 127, 128, 255, 256, 65_536, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      const frame = encodeBinary(chunk(streamId, index), { typed: true });
      const head = readChunkHead(frame);
      expect(head).toMatchObject({ type: "ChunkResult", streamId, index });
      expect(decodeBinary(frame.slice(head?.valueOffset), Value)).toMatchObject({ type: "Tensor" });
    }
  });

  test("is left to the whole decoder where the frame is anything else", () => {
    const { type, stream_id, chunk_index } = { type: "ChunkData", stream_id: "s", chunk_index: 1 };
    const others: Uint8Array[] = [
      new Uint8Array(0),
      encodeBinary({ type: "StreamEnd", stream_id: "s" }),
      encode([type, stream_id, chunk_index, ["Empty"]]),
      encodeBinary({ type, chunk_index, stream_id, value }),
      encodeBinary({ type, stream_id, value, chunk_index }),
      encodeBinary({ type, stream_id, chunk_index, value, extra: 1 }),
      encodeBinary({ type, stream_id: "", chunk_index, value }),
      encodeBinary({ type, stream_id: "x".repeat(513), chunk_index, value }),
      encodeBinary({ type, stream_id, chunk_index: -1, value }),
      encodeBinary({ type, stream_id, chunk_index: 1.5, value }),
      encodeBinary(chunk("s", 2n ** 53n)),
    ];
    for (const frame of others) expect(readChunkHead(frame)).toBeUndefined();
  });

  test("is read from no frame that ends within it", () => {
    const frame = encodeBinary(chunk("stream", 70_000));
    const { valueOffset = 0 } = readChunkHead(frame) ?? {};
    for (let length = 0; length <= valueOffset; length++) {
      expect(readChunkHead(frame.slice(0, length))).toBeUndefined();
    }
  });
});
