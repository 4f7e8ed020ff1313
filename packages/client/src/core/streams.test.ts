import type { PlanResult, Value } from "@planwire/protocol";
import { describe, expect, test } from "vitest";
import { CoreStory, planOf, sent } from "../testing/core-story.js";

const value: Value = { type: "Json", data: 1 };

/** A core with one stream that a worker has taken, with this credit for input. */
function flowing(credit = { bytes: 100, chunks: 2 }): CoreStory {
  const core = new CoreStory();
  core.welcome();
  core.event({ type: "openStream", streamId: "s", plan: planOf("p") });
  core.message({ type: "StreamAccepted", stream_id: "s", plan_id: "p", attempt: 1, credit });
  return core;
}

const pulled = (bytes: number) => ({ type: "pullChunkDone", streamId: "s", bytes }) as const;
const sendChunk = { type: "sendChunk", connection: 1, streamId: "s" };
const pull = (index: number) => ({ type: "pullChunk", streamId: "s", index });
const result = (index: number) =>
  ({ type: "ChunkResult", stream_id: "s", chunk_index: index, value }) as const;
const grant = (bytes: number, chunks: number) =>
  ({ type: "StreamCredit", stream_id: "s", dir: "in", bytes, chunks }) as const;

describe("a stream's input", () => {
  test("is not pulled before a worker took the stream", () => {
    const core = new CoreStory();
    core.welcome();
    expect(core.event({ type: "openStream", streamId: "s", plan: planOf("p") })).toEqual([
      {
        type: "send",
        connection: 1,
        message: {
          type: "StreamBegin",
          stream_id: "s",
          plan_id: "p",
          plan: planOf("p"),
          credit: { bytes: 1_000, chunks: 8 },
        },
      },
    ]);
    const credit = { bytes: 100, chunks: 2 };
    expect(
      core.message({ type: "StreamAccepted", stream_id: "s", plan_id: "p", attempt: 1, credit }),
    ).toEqual([pull(0)]);
  });

  test("is pulled one chunk at a time, as far as the credit in chunks goes", () => {
    const core = flowing();
    expect(core.event(pulled(10))).toEqual([sendChunk, pull(1)]);
    expect(core.event(pulled(10))).toEqual([sendChunk]);
    expect(core.message(grant(200, 3))).toEqual([pull(2)]);
  });

  test("waits, one chunk of it, when the credit in bytes is used up", () => {
    const core = flowing();
    core.event(pulled(60));
    expect(core.event(pulled(60))).toEqual([]);
    expect(core.message(grant(119, 4))).toEqual([]);
    expect(core.message(grant(120, 4))).toEqual([sendChunk]);
  });

  test("a credit smaller than the one before changes nothing", () => {
    const core = flowing();
    core.message(grant(50, 1));
    core.event(pulled(50));
    expect(core.event(pulled(50))).toEqual([sendChunk]);
  });

  test("ends with StreamEnd, and is not pulled again", () => {
    const core = flowing({ bytes: 100, chunks: 9 });
    expect(core.event({ type: "pullChunkEnd", streamId: "s" })).toEqual([
      { type: "send", connection: 1, message: { type: "StreamEnd", stream_id: "s" } },
    ]);
    expect(core.message(grant(900, 20))).toEqual([]);
  });

  test("a chunk over the limit ends the stream, and the worker learns it", () => {
    const core = flowing({ bytes: 1_000, chunks: 9 });
    expect(core.event(pulled(100))).toEqual([sendChunk, pull(1)]);
    expect(core.event(pulled(101))).toEqual([
      {
        type: "send",
        connection: 1,
        message: { type: "StreamCancel", stream_id: "s", reason: "MESSAGE_TOO_LARGE" },
      },
      {
        type: "failStream",
        streamId: "s",
        failure: expect.objectContaining({
          code: "MESSAGE_TOO_LARGE",
          details: { bytes: 101, limit: 100 },
        }),
      },
    ]);
  });
});

describe("a stream's results", () => {
  test("are delivered in order, and once", () => {
    const core = flowing();
    const delivered = { type: "deliverResult", streamId: "s", value, bytes: 30 };
    expect(core.message(result(0), 30)).toEqual([delivered]);
    expect(core.message(result(0), 30)).toEqual([]);
    expect(core.message(result(1), 30)).toEqual([delivered]);
  });

  test("that skip one fail the stream", () => {
    const core = flowing();
    const effects = core.message(result(1), 30);
    expect(sent(effects)).toEqual([{ type: "StreamCancel", stream_id: "s", reason: "PEER_ERROR" }]);
    expect(effects).toContainEqual({
      type: "failStream",
      streamId: "s",
      failure: expect.objectContaining({ code: "PEER_ERROR" }),
    });
  });

  test("beyond the credit fail the stream", () => {
    const core = flowing();
    core.message(result(0), 600);
    expect(core.message(result(1), 401)).toContainEqual({
      type: "failStream",
      streamId: "s",
      failure: expect.objectContaining({ code: "STREAM_OVERRUN" }),
    });
  });

  test("give their credit back as they are taken, a quarter of the window at a time", () => {
    const core = flowing();
    core.message(result(0), 100);
    core.message(result(1), 100);
    const taken = { type: "resultTaken", streamId: "s", bytes: 100 } as const;
    expect(core.event(taken)).toEqual([]);
    expect(sent(core.event(taken))).toEqual([
      { type: "StreamCredit", stream_id: "s", dir: "out", bytes: 1_200, chunks: 10 },
    ]);
    expect(core.event(taken)).toEqual([]);
  });

  test("have room for two of the largest", () => {
    const core = new CoreStory();
    core.welcome("h1", 4_000);
    expect(sent(core.event({ type: "openStream", streamId: "s", plan: planOf("p") }))).toEqual([
      expect.objectContaining({ credit: { bytes: 8_000, chunks: 8 } }),
    ]);
  });
});

describe("a stream ends", () => {
  const success: PlanResult = { status: "Success", output: value, duration_ms: 1 };
  const complete = { type: "StreamComplete", stream_id: "s", result: success } as const;

  test("with StreamComplete", () => {
    const core = flowing();
    expect(core.message(complete)).toEqual([{ type: "endStream", streamId: "s", result: success }]);
    expect(core.message(complete)).toEqual([]);
    expect(core.message(result(0), 1)).toEqual([]);
  });

  test("after a cancel when the other side says so; what comes until then is dropped", () => {
    const core = flowing();
    expect(sent(core.event({ type: "cancelStream", streamId: "s", reason: "enough" }))).toEqual([
      { type: "StreamCancel", stream_id: "s", reason: "enough" },
    ]);
    expect(core.event({ type: "cancelStream", streamId: "s", reason: "again" })).toEqual([]);
    expect(core.event(pulled(10))).toEqual([]);
    expect(core.message(result(0), 10)).toEqual([]);
    const stopped: PlanResult = { status: "Cancelled", duration_ms: 1 };
    expect(core.message({ ...complete, result: stopped })).toEqual([
      { type: "endStream", streamId: "s", result: stopped },
    ]);
  });

  test("with the connection, unless it had not begun", () => {
    const core = flowing();
    const lost = expect.objectContaining({ code: "CONNECTION_LOST", retryable: true });
    expect(core.cut()[0]).toEqual({ type: "failStream", streamId: "s", failure: lost });
    core.event({ type: "openStream", streamId: "s2", plan: planOf("p2") });
    expect(sent(core.welcome())).toEqual([expect.objectContaining({ type: "StreamBegin" })]);
  });

  test("with an Error that names it", () => {
    const core = flowing();
    const failure = { code: "STREAM_REFUSED", message: "no", retryable: false };
    expect(core.message({ type: "Error", stream_id: "s", ...failure })).toEqual([
      { type: "failStream", streamId: "s", failure },
    ]);
  });

  test("when the other side cancels it", () => {
    const core = flowing();
    expect(core.message({ type: "StreamCancel", stream_id: "s", reason: "draining" })).toEqual([
      {
        type: "failStream",
        streamId: "s",
        failure: expect.objectContaining({ code: "CANCELLED", details: { by: "draining" } }),
      },
    ]);
  });
});

test("more streams than are allowed are refused", () => {
  const core = new CoreStory({ maxStreams: 1 });
  core.welcome();
  core.event({ type: "openStream", streamId: "s1", plan: planOf("p1") });
  expect(core.event({ type: "openStream", streamId: "s2", plan: planOf("p2") })).toEqual([
    {
      type: "failStream",
      streamId: "s2",
      failure: expect.objectContaining({ code: "QUEUE_FULL", details: { limit: 1, queued: 1 } }),
    },
  ]);
});
