import { encodeBinary, readChunkHead, type ConnectionId, type MessageOf } from "@planwire/protocol";
import { expect, it } from "vitest";
import { CoordinatorDriver, execute, planOf, success } from "../testing/coordinator-driver.js";

const CREDIT = { bytes: 10_000, chunks: 4 };

function begin(
  stream_id = "s",
  more: Partial<MessageOf<"StreamBegin">> = {},
): MessageOf<"StreamBegin"> {
  const plan = planOf("p", { input: null });
  return { type: "StreamBegin", stream_id, plan_id: plan.plan_id, plan, credit: CREDIT, ...more };
}

/** A frame as our encoder writes it: its head alone is read. */
function chunk(
  driver: CoordinatorDriver,
  conn: ConnectionId,
  type: "ChunkData" | "ChunkResult",
  chunk_index: number,
  data: unknown = chunk_index,
): void {
  const value = { type: "Json", data };
  const frame = encodeBinary({ type, stream_id: "s", chunk_index, value }, { typed: true });
  const head = readChunkHead(frame);
  if (!head) throw new Error("no head");
  driver.step({ type: "receivedChunk", conn, head, frame });
}

function forwarded(driver: CoordinatorDriver, to: ConnectionId): number {
  return driver.others.filter((effect) => effect.type === "forward" && effect.conn === to).length;
}

/** A stream that flows between a client and a worker of ours. */
function flowing() {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.receive(client, begin());
  const begun = driver.take(worker, "StreamBegin");
  driver.receive(worker, {
    type: "StreamAccepted",
    stream_id: "s",
    plan_id: "p",
    attempt: begun.attempt ?? 0,
    credit: { bytes: 10_000, chunks: 2 },
  });
  driver.take(client, "StreamAccepted");
  return { driver, worker, client };
}

it("a stream begins at a worker with a free slot, whose acceptance goes on to the client", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.receive(client, begin());
  expect(driver.take(worker, "StreamBegin")).toMatchObject({
    stream_id: "s",
    attempt: 1,
    credit: CREDIT,
  });
  const credit = { bytes: 5, chunks: 1 };
  driver.receive(worker, {
    type: "StreamAccepted",
    stream_id: "s",
    plan_id: "p",
    attempt: 1,
    credit,
  });
  expect(driver.take(client, "StreamAccepted")).toMatchObject({ worker_id: "w", credit });
});

it("chunks and their results are forwarded, and the end reaches the client when it is written", () => {
  const { driver, worker, client } = flowing();
  chunk(driver, client, "ChunkData", 0);
  chunk(driver, client, "ChunkData", 1);
  chunk(driver, worker, "ChunkResult", 0);
  chunk(driver, worker, "ChunkResult", 1);
  expect([forwarded(driver, worker), forwarded(driver, client)]).toEqual([2, 2]);
  driver.receive(client, { type: "StreamEnd", stream_id: "s" });
  driver.take(worker, "StreamEnd");
  driver.holdsWrites = true;
  driver.receive(worker, {
    type: "StreamComplete",
    stream_id: "s",
    result: success({ type: "Empty" }),
  });
  expect(driver.typesTo(client)).toEqual([]);
  driver.answerWrites();
  expect(driver.take(client, "StreamComplete")).toMatchObject({ result: { status: "Success" } });
  expect(driver.core.state.streams.size).toBe(0);
  expect(driver.core.state.workers.get("w")?.held.size).toBe(0);
});

it("a client that sends more than its credit ends its stream with STREAM_OVERRUN, and the worker is stopped", () => {
  const { driver, worker, client } = flowing();
  for (let i = 0; i < 3; i++) chunk(driver, client, "ChunkData", i);
  expect(driver.take(client, "StreamComplete")).toMatchObject({
    result: { code: "STREAM_OVERRUN" },
  });
  driver.take(worker, "StreamCancel");
  expect(driver.core.state.workers.get("w")?.held.size).toBe(1);
  driver.receive(worker, {
    type: "StreamComplete",
    stream_id: "s",
    result: { status: "Cancelled", duration_ms: 1 },
  });
  expect(driver.core.state.workers.get("w")?.held.size).toBe(0);
});

it("a worker that sends more than its credit ends the stream with STREAM_OVERRUN", () => {
  const { driver, worker, client } = flowing();
  for (let i = 0; i < 5; i++) chunk(driver, worker, "ChunkResult", i);
  expect(driver.take(client, "StreamComplete")).toMatchObject({
    result: { code: "STREAM_OVERRUN" },
  });
});

it("credit is passed on in both directions", () => {
  const { driver, worker, client } = flowing();
  const more = { type: "StreamCredit", stream_id: "s", bytes: 20_000, chunks: 9 } as const;
  driver.receive(worker, { ...more, dir: "in" });
  expect(driver.take(client, "StreamCredit")).toMatchObject({ dir: "in", chunks: 9 });
  driver.receive(client, { ...more, dir: "out" });
  expect(driver.take(worker, "StreamCredit")).toMatchObject({ dir: "out", chunks: 9 });
});

it("credit is a total that never shrinks, in whichever order it comes", () => {
  const { driver, worker, client } = flowing();
  const credit = { type: "StreamCredit", stream_id: "s" } as const;
  for (const total of [
    { bytes: 10_000, chunks: 8 },
    { bytes: 1, chunks: 1 },
  ]) {
    driver.receive(worker, { ...credit, dir: "in", ...total });
    driver.receive(client, { ...credit, dir: "out", ...total });
  }
  for (let i = 0; i < 8; i++) chunk(driver, client, "ChunkData", i);
  for (let i = 0; i < 8; i++) chunk(driver, worker, "ChunkResult", i);
  expect([forwarded(driver, worker), forwarded(driver, client)]).toEqual([8, 8]);
});

it("a client that hangs up cancels its streams", () => {
  const { driver, worker, client } = flowing();
  driver.disconnect(client);
  driver.take(worker, "StreamCancel");
});

it("a stream whose worker is lost fails and says so", () => {
  const { driver, worker, client } = flowing();
  driver.disconnect(worker);
  const keepAlive = driver.worker("other");
  driver.passTime(31_000);
  expect(keepAlive).toBeDefined();
  expect(driver.take(client, "StreamComplete")).toMatchObject({ result: { code: "WORKER_LOST" } });
});

it("a second stream waits for the slot of the first", () => {
  const { driver, worker, client } = flowing();
  driver.receive(client, begin("t", { plan_id: "q" }));
  expect(driver.typesTo(worker)).toEqual([]);
  driver.receive(worker, {
    type: "StreamComplete",
    stream_id: "s",
    result: success({ type: "Empty" }),
  });
  expect(driver.take(worker, "StreamBegin")).toMatchObject({ stream_id: "t" });
});

it("a cancel by another client stops the stream", () => {
  const { driver, worker, client } = flowing();
  const other = driver.client();
  driver.receive(other, { type: "Cancel", request_id: 1, plan_id: "p" });
  driver.take(worker, "StreamCancel");
  driver.receive(worker, {
    type: "StreamComplete",
    stream_id: "s",
    result: { status: "Cancelled", duration_ms: 1, stopped: true },
  });
  expect(driver.take(client, "StreamComplete")).toMatchObject({ result: { status: "Cancelled" } });
});

it.each([
  ["Fit", { mode: { Fit: { y: null } } }],
  [
    "a Remote within",
    {
      plan: {
        Sequence: [
          execute("f"),
          { Remote: { node_id: "r", target: { Tag: "x" }, plan: execute("g") } },
        ],
      },
    },
  ],
])("a stream with %s is refused", (_what, more) => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.receive(client, begin("s", { plan: planOf("p", more as never) }));
  expect(driver.take(client, "Error")).toMatchObject({ code: "STREAM_REFUSED", stream_id: "s" });
});

it("a worker of the inherited wire gets chunks as it reads them, within a window that its answers open", () => {
  const driver = new CoordinatorDriver({ settings: { inheritedWindowChunks: 2 } });
  const old = driver.inherited("old");
  const client = driver.client();
  const plan = {
    ...planOf("p", { input: null, filters: [{ node_id: "f", pickled_filter: "AAEC" }] }),
    bindings: [],
  };
  driver.receive(client, begin("s", { plan }));
  const begun = driver.take(old, "StreamBegin");
  expect(begun).not.toHaveProperty("credit");
  expect(driver.take(client, "StreamAccepted")).toMatchObject({ credit: { chunks: 2 } });
  chunk(driver, client, "ChunkData", 0);
  chunk(driver, client, "ChunkData", 1);
  expect(driver.take(old, "ChunkData")).toMatchObject({
    chunk_index: 0,
    value: { type: "Json", data: 0 },
  });
  const value = { type: "Json", data: "A" } as const;
  driver.receive(old, { type: "ChunkResult", stream_id: "s", chunk_index: 0, value });
  expect(driver.take(client, "ChunkResult")).toMatchObject({ chunk_index: 0, value });
  expect(driver.take(client, "StreamCredit")).toMatchObject({ dir: "in", chunks: 3 });
});
