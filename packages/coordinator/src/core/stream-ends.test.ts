import { encodeBinary, readChunkHead, type MessageOf, type Value } from "@planwire/protocol";
import { expect, it } from "vitest";
import { CoordinatorDriver, execute, planOf, success } from "../testing/coordinator-driver.js";

type Conn = ReturnType<CoordinatorDriver["connect"]>;
const WINDOW = { bytes: 100_000, chunks: 4 };

function begin(id = "s", more: Partial<MessageOf<"StreamBegin">> = {}): MessageOf<"StreamBegin"> {
  const plan = planOf(`plan-of-${id}`, { input: null });
  return {
    type: "StreamBegin",
    stream_id: id,
    plan_id: plan.plan_id,
    plan,
    credit: WINDOW,
    ...more,
  };
}

function sendChunk(
  driver: CoordinatorDriver,
  conn: Conn,
  type: "ChunkData" | "ChunkResult",
  chunk_index: number,
  value: Value = { type: "Json", data: chunk_index },
) {
  const frame = encodeBinary({ type, stream_id: "s", chunk_index, value }, { typed: true });
  const head = readChunkHead(frame);
  if (!head) throw new Error("no head");
  driver.step({ type: "receivedChunk", conn, head, frame });
}

const accept = (driver: CoordinatorDriver, worker: Conn, begun: MessageOf<"StreamBegin">) =>
  driver.receive(worker, {
    type: "StreamAccepted",
    stream_id: begun.stream_id,
    plan_id: begun.plan_id,
    attempt: begun.attempt ?? 0,
    credit: WINDOW,
  });

function flowing(more: Parameters<CoordinatorDriver["worker"]>[2] = {}) {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w", ["f"], more);
  const client = driver.client();
  driver.receive(client, begin());
  accept(driver, worker, driver.take(worker, "StreamBegin"));
  driver.take(client, "StreamAccepted");
  return { driver, worker, client };
}

it("a stream that another coordinator turns out to own ends for its client, and at its worker", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.receive(client, begin());
  accept(driver, worker, driver.take(worker, "StreamBegin"));
  driver.take(client, "StreamAccepted");
  driver.holdsWrites = true;
  driver.receive(client, { type: "Cancel", request_id: 2, plan_id: begin().plan_id });
  driver.answerWrites({ type: "notOwner" });
  const errors = driver.sent.flatMap(({ conn, message }) =>
    conn === client && message.type === "Error" ? [message] : [],
  );
  expect(errors).toMatchObject([
    { code: "PLAN_UNKNOWN", request_id: 2 },
    { code: "PLAN_UNKNOWN", stream_id: "s" },
  ]);
  expect(driver.take(worker, "CancelPlan")).toMatchObject({ plan_id: begin().plan_id });
  expect(driver.core.state.streams.size).toBe(0);
});

it("a cancel never overtakes the StreamBegin that it means", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.receive(client, begin());
  driver.receive(client, { type: "StreamCancel", stream_id: "s" });
  const toWorker = driver.sent.filter(({ conn }) => conn === worker);
  expect(toWorker.map(({ message, bulk }) => [message.type, bulk])).toEqual([
    ["StreamBegin", false],
    ["StreamCancel", false],
  ]);
});

it("a worker without a free slot gives a stream back, and another one gets it", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const [a, b] = [driver.worker("a"), driver.worker("b")];
  driver.receive(client, begin());
  const begun = driver.take(a, "StreamBegin");
  driver.receive(a, { type: "Busy", plan_id: begun.plan.plan_id, attempt: 1 });
  const again = driver.take(b, "StreamBegin");
  expect(again).toMatchObject({ attempt: 2 });
  accept(driver, b, again);
  expect(driver.take(client, "StreamAccepted")).toMatchObject({ worker_id: "b", attempt: 2 });
});

it("what was accepted of an older attempt opens nothing", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const [a, b] = [driver.worker("a"), driver.worker("b")];
  driver.receive(client, begin());
  const begun = driver.take(a, "StreamBegin");
  driver.receive(a, { type: "Busy", plan_id: begun.plan.plan_id, attempt: 1 });
  driver.take(b, "StreamBegin");
  accept(driver, a, begun);
  driver.expectNothingMoreFor(client);
});

it("a worker that knows credit, and writes chunks in its own way, keeps its credit in its own hands", () => {
  const { driver, worker, client } = flowing();
  for (let i = 0; i < 3; i++) sendChunk(driver, client, "ChunkData", i);
  const value = { type: "Json", data: 0 } as const;
  driver.receive(worker, { type: "ChunkResult", stream_id: "s", chunk_index: 0, value });
  expect(driver.take(client, "ChunkResult")).toMatchObject({ chunk_index: 0 });
  driver.expectNothingMoreFor(client);
  sendChunk(driver, client, "ChunkData", 3);
  expect(driver.core.state.streams.get("s")?.phase).toBe("flowing");
});

it("a stream that failed here holds its slot until the worker has ended it", () => {
  const { driver, worker, client } = flowing();
  sendChunk(driver, client, "ChunkData", 7);
  expect(driver.take(client, "StreamComplete")).toMatchObject({
    result: { status: "Failed", code: "STREAM_REFUSED" },
  });
  driver.submit(client, planOf("next"));
  driver.take(worker, "StreamCancel");
  driver.expectNothingMoreFor(worker);
  const result = { status: "Cancelled", duration_ms: 1 } as const;
  driver.receive(worker, { type: "StreamComplete", stream_id: "s", result });
  expect(driver.take(worker, "AssignPlan")).toMatchObject({ plan: { plan_id: "next" } });
});

it("a chunk over the limit ends the stream with MESSAGE_TOO_LARGE", () => {
  const driver = new CoordinatorDriver({ settings: { chunkBytes: 100 } });
  const worker = driver.worker("w");
  const client = driver.client();
  driver.receive(client, begin());
  accept(driver, worker, driver.take(worker, "StreamBegin"));
  sendChunk(driver, client, "ChunkData", 0, { type: "Bytes", data: new Uint8Array(200) });
  expect(driver.take(client, "StreamComplete")).toMatchObject({
    result: { code: "MESSAGE_TOO_LARGE", details: { limit: 100 } },
  });
});

it("a client can neither feed nor end another one's stream", () => {
  const { driver, worker } = flowing();
  const thief = driver.client();
  sendChunk(driver, thief, "ChunkData", 0);
  driver.receive(thief, { type: "StreamEnd", stream_id: "s" });
  driver.receive(thief, { type: "StreamCancel", stream_id: "s" });
  driver.receive(thief, { type: "StreamCredit", stream_id: "s", dir: "out", ...WINDOW });
  driver.expectNothingMoreFor(worker);
  expect(driver.core.state.streams.get("s")?.input.sent.chunks).toBe(0);
});

it.each([
  ["fits", { plan: planOf("x", { mode: { Fit: { y: null } } }) }, "STREAM_REFUSED"],
  [
    "has several targets",
    {
      plan: planOf("x", {
        plan: {
          Sequence: [
            execute("f"),
            { Remote: { node_id: "r", target: { Tag: "t" }, plan: execute("g") } },
          ],
        },
        bindings: [],
      }),
    },
    "STREAM_REFUSED",
  ],
  [
    "means nothing",
    { plan: planOf("x", { bindings: [{ node_id: "?", uses: "f" }] }) },
    "PLAN_REFUSED",
  ],
])("a stream whose plan %s is refused", (_what, more, code) => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.receive(client, begin("s", more));
  expect(driver.take(client, "Error")).toMatchObject({ code, stream_id: "s" });
  expect(driver.core.state.executions.size).toBe(0);
});

it("a stream's id and its plan's must be new", () => {
  const { driver, client } = flowing();
  driver.receive(client, begin("s", { plan_id: "other" }));
  expect(driver.take(client, "Error")).toMatchObject({ code: "STREAM_REFUSED", stream_id: "s" });
  driver.receive(client, begin("t", { plan_id: "plan-of-s" }));
  expect(driver.take(client, "Error")).toMatchObject({ code: "PLAN_ID_CONFLICT", stream_id: "t" });
});

it("a stream that can't be written is refused, and leaves nothing behind", () => {
  const driver = new CoordinatorDriver();
  driver.worker("w");
  const client = driver.client();
  driver.holdsWrites = true;
  driver.receive(client, begin());
  driver.answerWrites({ type: "failed", reason: "disk full" });
  expect(driver.take(client, "Error")).toMatchObject({ code: "STORE_UNAVAILABLE", stream_id: "s" });
  expect(driver.core.state.streams.size).toBe(0);
});

it("a stream that waits for a worker ends when its client cancels or hangs up", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.receive(client, begin("s"));
  driver.receive(client, { type: "StreamCancel", stream_id: "s", reason: "enough" });
  expect(driver.take(client, "StreamComplete")).toMatchObject({ result: { status: "Cancelled" } });
  driver.receive(client, begin("t"));
  driver.disconnect(client);
  expect(driver.core.state.queued).toBe(0);
});

it("a stream that was open when the coordinator ended has failed, and says why", async () => {
  const { driver: before } = flowing();
  const driver = await before.restarted();
  const client = driver.client();
  driver.receive(client, { type: "Get", request_id: 1, plan_id: "plan-of-s" });
  expect(driver.take(client, "Got")).toMatchObject({
    summary: { state: "Failed", kind: "stream" },
    outcome: { error: { code: "CONNECTION_LOST" } },
  });
});

it("the end of a stream is written before its client hears of it", () => {
  const { driver, worker, client } = flowing();
  driver.receive(client, { type: "StreamEnd", stream_id: "s" });
  driver.holdsWrites = true;
  const result = success({ type: "Empty" });
  driver.receive(worker, { type: "StreamComplete", stream_id: "s", result });
  driver.expectNothingMoreFor(client);
  driver.answerWrites();
  expect(driver.take(client, "StreamComplete")).toMatchObject({ result: { status: "Success" } });
});

it("a chunk in text that no binary frame may hold ends its stream, and nothing else", () => {
  const { driver, worker, client } = flowing();
  const data = JSON.parse('{"__proto__":{"a":1}}') as { [key: string]: number };
  const value: Value = { type: "Json", data };
  driver.receive(client, { type: "ChunkData", stream_id: "s", chunk_index: 0, value });
  expect(driver.take(worker, "StreamCancel")).toMatchObject({ stream_id: "s" });
  expect(driver.take(client, "StreamComplete").result).toMatchObject({
    status: "Failed",
    code: "VALUE_UNSUPPORTED",
  });
});
