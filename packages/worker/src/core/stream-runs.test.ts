import { LIMITS, type Credit, type StreamBegin } from "@planwire/protocol";
import { expect, test } from "vitest";
import type { FilterCall } from "./filter-call.js";
import { CoreScript, done, failed, json, offerOf } from "../testing/core-script.js";

const FILTERS = [
  offerOf("a"),
  offerOf("inline", { isolate: "inline" }),
  offerOf("grows", { streamMode: "Evolving" }),
];

interface Options {
  readonly filter?: string;
  readonly slots?: number;
  readonly credit?: Credit;
  readonly more?: Partial<StreamBegin["plan"]>;
}

function begun({ filter = "a", slots = 2, credit, more }: Options = {}): CoreScript {
  const script = new CoreScript({ slots, graceMs: 1000 });
  script.start(FILTERS);
  script.receive({
    type: "StreamBegin",
    stream_id: "s1",
    plan_id: "p1",
    attempt: 1,
    plan: { plan_id: "p1", plan: { Execute: { node_id: filter } }, metadata: {}, ...more },
    ...(credit && { credit }),
  });
  return script;
}

function accepted(options: Options = {}): CoreScript {
  const script = begun(options);
  script.sent("StreamAccepted");
  return script;
}

const send = (script: CoreScript, index: number, bytes = 100) =>
  script.receive(
    { type: "ChunkData", stream_id: "s1", chunk_index: index, value: json(index) },
    bytes,
  );
const endInput = (script: CoreScript) => script.receive({ type: "StreamEnd", stream_id: "s1" });

test("a stream is accepted with its first credit, and takes a slot", () => {
  const script = begun();
  expect(script.sent("StreamAccepted")).toEqual({
    type: "StreamAccepted",
    stream_id: "s1",
    plan_id: "p1",
    attempt: 1,
    worker_id: "w1",
    credit: { bytes: LIMITS.streamWindowBytes, chunks: LIMITS.streamWindowChunks },
  });
  expect(script.core.state.slots.size).toBe(1);
  script.expectNothingMore();
});

test("a chunk is its call's own where no other call gets it, a part's input never is", () => {
  const chunkOf = (more: Options["more"]) => {
    const script = accepted({ slots: 1, ...(more && { more }) });
    send(script, 0);
    return script.begin();
  };
  const step = { Execute: { node_id: "a" } };
  expect(chunkOf({ plan: step }).ownsInput).toBe(true);
  expect(chunkOf({ plan: { Parallel: [step, step] } }).ownsInput).toBeUndefined();
  const script = new CoreScript();
  script.start(FILTERS);
  script.assign("a");
  expect(script.begin().ownsInput).toBeUndefined();
});

test("chunks run as many at a time as there are slots, and results leave in order", () => {
  const script = accepted({ slots: 2 });
  for (let i = 0; i < 3; i++) send(script, i);
  const [first, second] = [script.begin(), script.begin()];
  expect(script.has("startCall")).toBe(false);
  script.end(second, done(20));
  expect(script.has("sendBulk")).toBe(false);
  const third = script.begin();
  script.end(first, done(10));
  expect(script.sent("ChunkResult")).toMatchObject({ chunk_index: 0, value: json(10) });
  expect(script.sent("ChunkResult")).toMatchObject({ chunk_index: 1, value: json(20) });
  endInput(script);
  script.end(third, done(30));
  expect(script.sent("ChunkResult")).toMatchObject({ chunk_index: 2 });
  expect(script.sent("StreamComplete").result).toMatchObject({ status: "Success" });
  expect(script.core.state.slots.size).toBe(0);
  script.expectNothingMore();
});

test("a stream without chunks completes", () => {
  const script = accepted();
  endInput(script);
  expect(script.sent("StreamComplete").result).toMatchObject({ output: { type: "Empty" } });
});

test("results wait for credit", () => {
  const script = accepted({ credit: { bytes: 1000, chunks: 1 } });
  send(script, 0);
  send(script, 1);
  for (const call of [script.begin(), script.begin()]) script.end(call);
  expect(script.sent("ChunkResult")).toMatchObject({ chunk_index: 0 });
  expect(script.has("sendBulk")).toBe(false);
  const more = { type: "StreamCredit", stream_id: "s1", dir: "out" } as const;
  // A smaller total than before changes nothing.
  script.receive({ ...more, bytes: 0, chunks: 0 });
  expect(script.has("sendBulk")).toBe(false);
  script.receive({ ...more, bytes: 1000, chunks: 2 });
  expect(script.sent("ChunkResult")).toMatchObject({ chunk_index: 1 });
});

test("while results wait for credit, no more chunks are started than the window holds", () => {
  const script = accepted({ slots: 1, credit: { bytes: 0, chunks: 0 } });
  const big = "x".repeat(3 * 1024 * 1024);
  let ran = 0;
  for (let i = 0; i < 10; i++) send(script, i);
  for (; script.has("startCall"); ran++) script.end(script.begin(), done(big));
  expect(ran).toBe(3);
});

test("input credit grows as results leave, in steps", () => {
  const script = accepted({ credit: { bytes: 1 << 20, chunks: 100 } });
  const steps: number[] = [];
  for (let i = 0; i < 40; i++) {
    send(script, i);
    script.end(script.begin());
    script.sent("ChunkResult");
    if (script.has("send")) steps.push(script.sent("StreamCredit").chunks);
  }
  expect(steps).toEqual([64 + 16, 64 + 32]);
});

test("who sends without credit ends the stream with STREAM_OVERRUN, behind the results that were due", () => {
  const script = accepted({ slots: 1 });
  for (let i = 0; i <= LIMITS.streamWindowChunks; i++) send(script, i);
  for (; script.has("startCall");) script.end(script.begin());
  for (let i = 0; i < LIMITS.streamWindowChunks; i++) script.sent("ChunkResult");
  expect(script.sent("StreamComplete").result).toMatchObject({ code: "STREAM_OVERRUN" });
});

test("a chunk out of order ends the stream", () => {
  const script = accepted();
  send(script, 1);
  expect(script.sent("StreamComplete").result).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
  script.expectNothingMore();
});

test("a chunk that fails ends the stream behind the results before it, and stops the chunks after it", () => {
  const script = accepted({ slots: 3 });
  for (let i = 0; i < 4; i++) send(script, i);
  const calls: FilterCall[] = [script.begin(), script.begin(), script.begin()];
  script.end(calls[1] as FilterCall, failed("bad row"));
  expect(script.take("abortCall").call).toBe(calls[2]?.call);
  script.end(calls[2] as FilterCall, done(2));
  expect(script.has("startCall")).toBe(false);
  expect(script.has("sendBulk")).toBe(false);
  script.end(calls[0] as FilterCall, done(0));
  expect(script.sent("ChunkResult")).toMatchObject({ chunk_index: 0 });
  expect(script.sent("StreamComplete").result).toMatchObject({
    status: "Failed",
    error: "bad row",
  });
  expect(script.core.state.slots.size).toBe(0);
});

test("of two chunks that fail, the first one counts", () => {
  const script = accepted({ slots: 2 });
  send(script, 0);
  send(script, 1);
  const [first, second] = [script.begin(), script.begin()];
  script.end(second, failed("second"));
  script.end(first, failed("first"));
  expect(script.sent("StreamComplete").result).toMatchObject({ error: "first" });
});

test("a result over the chunk limit is MESSAGE_TOO_LARGE", () => {
  const script = accepted();
  send(script, 0);
  script.end(script.begin(), done("x".repeat(LIMITS.chunkBytes)));
  expect(script.sent("StreamComplete").result).toMatchObject({ code: "MESSAGE_TOO_LARGE" });
});

test.each([
  ["StreamCancel", { type: "StreamCancel", stream_id: "s1" }],
  ["CancelPlan", { type: "CancelPlan", plan_id: "p1", attempt: 1 }],
] as const)("%s stops the chunks, then says so", (_name, message) => {
  const script = accepted();
  send(script, 0);
  const call = script.begin();
  script.receive(message);
  script.take("abortCall");
  expect(script.has("sendBulk")).toBe(false);
  script.end(call);
  expect(script.sent("StreamComplete").result).toMatchObject({
    status: "Cancelled",
    stopped: true,
    how: "signal",
  });
  script.expectNothingMore();
});

test("a cancelled stream whose call had to be killed says so", () => {
  const script = accepted();
  send(script, 0);
  const call = script.begin();
  script.receive({ type: "StreamCancel", stream_id: "s1" });
  script.pass(1000);
  script.take("killCall");
  script.end(call, { status: "crashed", reason: "killed" });
  expect(script.sent("StreamComplete").result).toMatchObject({ stopped: true, how: "killed" });
});

test("a stream that is cancelled between two chunks had nothing to stop", () => {
  const script = accepted();
  script.receive({ type: "StreamCancel", stream_id: "s1" });
  expect(script.sent("StreamComplete").result).toMatchObject({ stopped: true, how: "queued" });
});

test("a cancelled stream whose inline call can't be stopped keeps its slot", () => {
  const script = accepted({ filter: "inline" });
  send(script, 0);
  const call = script.begin();
  script.receive({ type: "StreamCancel", stream_id: "s1" });
  script.pass(1000);
  expect(script.sent("StreamComplete").result).toMatchObject({ stopped: false });
  expect(script.core.state.slots.size).toBe(1);
  script.end(call);
  expect(script.core.state.slots.size).toBe(0);
});

test("a lost connection ends a stream, and its slot is free when its calls have stopped", () => {
  const script = accepted();
  send(script, 0);
  const call = script.begin();
  script.lose();
  expect(script.take("abortCall").call).toBe(call.call);
  expect(script.core.state.slots.size).toBe(1);
  script.forget();
  script.end(call);
  expect(script.core.state.slots.size).toBe(0);
  script.expectNothingMore();
});

test.each([
  ["an Evolving filter", { filter: "grows" }, "STREAM_REFUSED"],
  ["a fit", { more: { mode: { Fit: {} } } }, "STREAM_REFUSED"],
  ["a filter that is not here", { filter: "nope" }, "NO_SUCH_FILTER"],
] as const)("%s is refused in a stream", (_name, options, code) => {
  const script = begun(options);
  expect(script.sent("StreamComplete").result).toMatchObject({ status: "Failed", code });
  script.expectNothingMore();
});

test("a stream that finds no slot is Busy", () => {
  const script = new CoreScript({ slots: 1 });
  script.start(FILTERS);
  script.assign("a", "runs");
  script.begin();
  script.receive({
    type: "StreamBegin",
    stream_id: "s1",
    plan_id: "p2",
    attempt: 1,
    plan: { plan_id: "p2", plan: { Execute: { node_id: "a" } }, metadata: {} },
  });
  expect(script.sent("Busy")).toEqual({ type: "Busy", plan_id: "p2", attempt: 1 });
});

test("towards a coordinator of the inherited wire results go out without credit", () => {
  const script = new CoreScript();
  script.start(FILTERS, { features: [] });
  script.receive({
    type: "StreamBegin",
    stream_id: "s1",
    plan_id: "p1",
    plan: { plan_id: "p1", plan: { Execute: { node_id: "a" } }, metadata: {} },
  });
  script.expectNothingMore();
  send(script, 0);
  script.end(script.begin());
  script.sent("ChunkResult");
  endInput(script);
  script.sent("StreamComplete");
  script.expectNothingMore();
});

test("a newer attempt of a stream takes the older one's place", () => {
  const script = accepted();
  send(script, 0);
  script.forget();
  const plan = { plan_id: "p1", plan: { Execute: { node_id: "a" } }, metadata: {} };
  script.receive({ type: "StreamBegin", stream_id: "s1", plan_id: "p1", attempt: 2, plan });
  script.take("abortCall");
  expect(script.sent("StreamAccepted")).toMatchObject({ attempt: 2 });
  expect(script.core.state.streams.get("s1")?.received.chunks).toBe(0);
});

test("a stream's end goes out even where the coordinator's limit leaves no room for it", () => {
  const script = new CoreScript();
  script.start(FILTERS, { limits: { frame_bytes: 0, chunk_bytes: 0 } });
  const plan = { plan_id: "p1", plan: { Execute: { node_id: "nobody" } }, metadata: {} } as const;
  script.receive({ type: "StreamBegin", stream_id: "s1", plan_id: "p1", attempt: 1, plan });
  expect(script.sent("StreamComplete").result).toMatchObject({ code: "MESSAGE_TOO_LARGE" });
});
