import { decode, encode } from "@msgpack/msgpack";
import { describe, expect, test } from "vitest";
import { FEATURES, type Feature } from "../features.js";
import type { Message } from "../messages/message.js";
import type { SerializedPlan } from "../serialized-plan.js";
import type { Value } from "../value.js";
import { decodeBinary } from "./binary.js";
import { decodeFrame, encodeFrame, isUntypedReply, type Decoded } from "./frame.js";
import { decodeText } from "./text.js";

const limits = { frameBytes: 1000, batchMessages: 3 };
const read = (raw: unknown) => decodeFrame(JSON.stringify(raw), limits);
const only = (decoded: Decoded[]): Decoded => {
  expect(decoded).toHaveLength(1);
  return decoded[0] as Decoded;
};

describe("a frame that came", () => {
  test("holds one message, or in text a batch", () => {
    expect(read({ type: "Ping" })).toEqual([
      { ok: true, message: { type: "Ping" }, isError: false },
    ]);
    expect(read([{ type: "Ping" }, { type: "Pong" }]).map((d) => d.ok && d.message)).toEqual([
      { type: "Ping" },
      { type: "Pong" },
    ]);
    expect(read([])).toEqual([]);
  });

  test("as msgpack is one message, in both forms", () => {
    const expected = [{ ok: true, message: { type: "StreamEnd", stream_id: "s" }, isError: false }];
    expect(decodeFrame(encode({ type: "StreamEnd", stream_id: "s" }))).toEqual(expected);
    expect(decodeFrame(encode(["StreamEnd", "s"]))).toEqual(expected);
  });

  test("fails member by member, each with the request that it made", () => {
    const decoded = read([
      { type: "Get", request_id: 7, plan_id: "" },
      { type: "Ping" },
      { type: "Nope", request_id: 8 },
    ]);
    expect(decoded).toMatchObject([
      {
        ok: false,
        requestId: 7,
        isError: false,
        error: { code: "INVALID_MESSAGE", details: { path: "plan_id" } },
      },
      { ok: true, message: { type: "Ping" } },
      { ok: false, requestId: 8, isError: false, error: { code: "UNKNOWN_TYPE" } },
    ]);
  });

  test("takes no request id that is no count", () => {
    for (const request_id of [-1, 1.5, "7", null]) {
      expect(only(read({ type: "Nope", request_id }))).not.toHaveProperty("requestId");
    }
  });

  test("refuses a batch in a batch, and one of too many", () => {
    expect(read([[{ type: "Ping" }], { type: "Ping" }]).map(({ ok }) => ok)).toEqual([false, true]);
    const tooMany = only(read([1, 2, 3, 4]));
    expect(tooMany).toMatchObject({
      ok: false,
      error: { code: "INVALID_MESSAGE", details: { expected: "at most 3 messages" } },
    });
  });

  test("beyond the limit is refused unread", () => {
    for (const frame of [
      JSON.stringify({ type: "Shutdown", reason: "x".repeat(1000) }),
      new Uint8Array(1001),
    ]) {
      expect(only(decodeFrame(frame, limits))).toMatchObject({
        ok: false,
        error: { code: "MESSAGE_TOO_LARGE", details: { limit: 1000 } },
      });
    }
  });

  test("that is broken is one error without a request", () => {
    expect(only(decodeFrame("{"))).toMatchObject({
      ok: false,
      isError: false,
      error: { code: "INVALID_MESSAGE" },
    });
    expect(only(decodeFrame(Uint8Array.of(0xc1)))).toMatchObject({
      ok: false,
      error: { code: "INVALID_MESSAGE" },
    });
  });

  test.each([
    [{ error: "invalid message: x" }, true, true],
    [{ status: "cancel_not_implemented" }, true, false],
    [{ error: null, status: "ok" }, true, false],
    [{ error: { code: 1 } }, false, true],
    [{ type: "Error", code: "INTERNAL", message: "m", retryable: false }, true, true],
    [{ type: "Error" }, false, true],
    [{ type: "Nope", error: "x" }, false, true],
    [{ type: "Ping", error: null }, true, false],
    [{}, false, false],
  ])("%j reports an error or not, understood or not", (raw, ok, isError) => {
    const decoded = only(read(raw));
    expect(decoded).toMatchObject({ ok, isError });
  });

  test("an untyped reply is told from a message", () => {
    const decoded = only(read({ status: "cancel_not_implemented", extra: 1 }));
    expect(decoded.ok && isUntypedReply(decoded.message)).toBe(true);
    const ping = only(read({ type: "Ping" }));
    expect(ping.ok && isUntypedReply(ping.message)).toBe(false);
  });
});

describe("a frame that goes out", () => {
  const all: ReadonlySet<Feature> = new Set(FEATURES);
  const none: ReadonlySet<Feature> = new Set();
  const bytes: Value = { type: "Bytes", data: Uint8Array.of(1, 2) };
  const record: Value = { type: "Record", data: [["a", { type: "Record", data: [["b", bytes]] }]] };
  const plan = (part: Partial<SerializedPlan>): SerializedPlan => ({
    plan_id: "p",
    plan: "Empty",
    metadata: {},
    ...part,
  });
  const ended = { status: "Succeeded", states: {}, attempts: 1, duration_ms: 1 } as const;

  const holders: [string, Message][] = [
    ["input", { type: "AssignPlan", plan: plan({ input: { source: "Inline", value: bytes } }) }],
    [
      "reference",
      {
        type: "Submit",
        request_id: 1,
        plan: plan({ input: { source: "Reference", data_ref: { type: "Inline", value: record } } }),
      },
    ],
    [
      "labels",
      {
        type: "AssignPlan",
        plan: plan({ mode: { Fit: { y: { type: "Object", data: Uint8Array.of() } } } }),
      },
    ],
    [
      "a filter's state",
      {
        type: "AssignPlan",
        plan: plan({ filters: [{ node_id: "n", pickled_filter: "", state: bytes }] }),
      },
    ],
    [
      "a binding's state",
      {
        type: "AssignPlan",
        plan: plan({ bindings: [{ node_id: "n", uses: "f", state: record }] }),
      },
    ],
    [
      "a result",
      {
        type: "PlanResult",
        worker_id: "w",
        plan_id: "p",
        result: { status: "Success", output: record, duration_ms: 1 },
      },
    ],
    [
      "result states",
      {
        type: "PlanResult",
        worker_id: "w",
        plan_id: "p",
        result: {
          status: "Success",
          output: { type: "Empty" },
          duration_ms: 1,
          states: { n: bytes },
        },
      },
    ],
    [
      "an outcome",
      {
        type: "Got",
        request_id: 1,
        summary: { plan_id: "p", kind: "plan", state: "Succeeded", submitted_at: 0, attempts: 1 },
        outcome: { ...ended, output: { type: "Tensor", data: { values: [1], shape: [1] } } },
      },
    ],
    [
      "a finished event",
      {
        type: "PlanEvent",
        plan_id: "p",
        number: [1, 1],
        at: 0,
        event: {
          kind: "Finished",
          outcome: { ...ended, output: { type: "Empty" }, states: { n: record } },
        },
      },
    ],
  ];

  test.each(holders)(
    "with typed values in %s is msgpack to a peer that takes them, else text",
    (_, message) => {
      const binary = encodeFrame(message, all);
      expect(decodeBinary(binary as Uint8Array)).toStrictEqual(message);
      const text = encodeFrame(message, none);
      expect(decodeText(text as string)).toStrictEqual(message);
    },
  );

  test("without typed values is text", () => {
    const message: Message = {
      type: "AssignPlan",
      plan: plan({ input: { source: "Inline", value: { type: "Json", data: [1] } } }),
    };
    expect(typeof encodeFrame(message, all)).toBe("string");
    expect(typeof encodeFrame({ type: "Ping" }, all)).toBe("string");
  });

  test("of the inherited stream messages is msgpack to all, bytes as bin only where announced", () => {
    const chunk: Message = { type: "ChunkData", stream_id: "s", chunk_index: 0, value: bytes };
    expect(decode(encodeFrame(chunk, none) as Uint8Array)).toMatchObject({
      value: { data: [1, 2] },
    });
    expect(decode(encodeFrame(chunk, all) as Uint8Array)).toMatchObject({
      value: { data: Uint8Array.of(1, 2) },
    });
    expect(encodeFrame({ type: "StreamEnd", stream_id: "s" }, none)).toBeInstanceOf(Uint8Array);
    const credit: Message = {
      type: "StreamCredit",
      stream_id: "s",
      dir: "in",
      bytes: 1,
      chunks: 1,
    };
    expect(typeof encodeFrame(credit, all)).toBe("string");
  });
});
