import { encodeBinary, readChunkHead, type MessageOf, type Value } from "@planwire/protocol";
import { expect, it } from "vitest";
import { CoordinatorDriver, execute, planOf, success } from "../testing/coordinator-driver.js";

type Conn = ReturnType<CoordinatorDriver["connect"]>;
const json = (data: number): Value => ({ type: "Json", data });

function begin(credit = { bytes: 1_000_000, chunks: 100 }): MessageOf<"StreamBegin"> {
  const nodes = ["a", "b"];
  const plan = planOf("p", {
    input: null,
    plan: { Sequence: nodes.map(execute) },
    bindings: [],
    filters: nodes.map((node_id) => ({ node_id, pickled_filter: "gA==" })),
  });
  return { type: "StreamBegin", stream_id: "s", plan_id: "p", plan, credit };
}

function flowing(...args: Parameters<typeof begin>) {
  const driver = new CoordinatorDriver({ settings: { chunkBytes: 10_000 } });
  const old = driver.inherited("old");
  const client = driver.client();
  driver.receive(client, begin(...args));
  driver.take(old, "StreamBegin");
  const { credit } = driver.take(client, "StreamAccepted");
  return { driver, old, client, credit };
}

function sendChunk(driver: CoordinatorDriver, client: Conn, chunk_index: number, value = json(1)) {
  const message = { type: "ChunkData", stream_id: "s", chunk_index, value };
  const frame = encodeBinary(message, { typed: true });
  const head = readChunkHead(frame);
  if (!head) throw new Error("no head");
  driver.step({ type: "receivedChunk", conn: client, head, frame });
}
const answer = (driver: CoordinatorDriver, old: Conn, chunk_index: number, value = json(2)) =>
  driver.receive(old, { type: "ChunkResult", stream_id: "s", chunk_index, value });
const complete = (driver: CoordinatorDriver, old: Conn) =>
  driver.receive(old, {
    type: "StreamComplete",
    stream_id: "s",
    result: success({ type: "Empty" }),
  });

it("the client gets credit for a window of chunks, and for one more with each result that it was sent", () => {
  const { driver, old, client, credit } = flowing();
  expect(credit.chunks).toBe(8);
  for (let i = 0; i < 8; i++) sendChunk(driver, client, i);
  expect(driver.typesTo(old)).toEqual(Array(8).fill("ChunkData"));
  answer(driver, old, 0);
  driver.take(client, "ChunkResult");
  expect(driver.take(client, "StreamCredit")).toMatchObject({ dir: "in", chunks: 9 });
  sendChunk(driver, client, 8);
  sendChunk(driver, client, 9);
  expect(driver.take(client, "StreamComplete")).toMatchObject({
    result: { code: "STREAM_OVERRUN" },
  });
});

it("results wait here for the client's credit, and the end waits for the results", () => {
  const { driver, old, client } = flowing({ bytes: 1_000_000, chunks: 1 });
  for (let i = 0; i < 3; i++) sendChunk(driver, client, i);
  driver.receive(client, { type: "StreamEnd", stream_id: "s" });
  for (let i = 0; i < 3; i++) answer(driver, old, i);
  complete(driver, old);
  expect(driver.typesTo(client)).toEqual(["ChunkResult", "StreamCredit"]);
  const more = { bytes: 1_000_000, chunks: 3 };
  driver.receive(client, { type: "StreamCredit", stream_id: "s", dir: "out", ...more });
  const types = driver.typesTo(client).filter((type) => type !== "StreamCredit");
  expect(types).toEqual(["ChunkResult", "ChunkResult", "ChunkResult", "StreamComplete"]);
});

it("a peer that answers chunks which it was never sent ends the stream, and nothing piles up", () => {
  const { driver, old, client } = flowing({ bytes: 1_000_000, chunks: 0 });
  sendChunk(driver, client, 0);
  answer(driver, old, 0);
  answer(driver, old, 1);
  expect(driver.take(client, "StreamComplete")).toMatchObject({
    result: { status: "Failed", code: "STREAM_REFUSED" },
  });
});

it("a result that is too large to travel fails the stream, which would otherwise wait for ever", () => {
  const { driver, old, client } = flowing();
  sendChunk(driver, client, 0);
  answer(driver, old, 0, { type: "Json", data: "x".repeat(20_000) });
  expect(driver.take(client, "StreamComplete")).toMatchObject({
    result: { status: "Failed", code: "MESSAGE_TOO_LARGE", details: { limit: 10_000 } },
  });
});

it("a chunk is lowered to what that peer knows, and one that can't be said there ends the stream", () => {
  const { driver, old, client } = flowing();
  sendChunk(driver, client, 0, { type: "Text", data: "hello" });
  expect(driver.take(old, "ChunkData").value).toEqual({ type: "Json", data: "hello" });
  const values = BigInt64Array.of(2n ** 60n + 1n);
  sendChunk(driver, client, 1, { type: "Tensor", data: { dtype: "int64", values, shape: [1] } });
  expect(driver.take(client, "StreamComplete")).toMatchObject({
    result: { code: "VALUE_UNSUPPORTED" },
  });
});

it("a cancelled stream ends at once; StreamEnd frees it there, and its slot is held until it answers", () => {
  const { driver, old, client } = flowing();
  sendChunk(driver, client, 0);
  driver.receive(client, { type: "StreamCancel", stream_id: "s", reason: "enough" });
  expect(driver.take(client, "StreamComplete")).toMatchObject({ result: { status: "Cancelled" } });
  expect(driver.typesTo(old)).toEqual(["ChunkData", "StreamEnd"]);
  const filters = [{ node_id: "f", pickled_filter: "gA==" }];
  driver.submit(client, planOf("next", { bindings: [], filters }));
  answer(driver, old, 0);
  expect(driver.typesTo(old)).not.toContain("AssignPlan");
  complete(driver, old);
  driver.take(old, "AssignPlan");
});

it("a peer that hangs up ends its stream", () => {
  const { driver, old, client } = flowing();
  driver.disconnect(old);
  expect(driver.take(client, "StreamComplete")).toMatchObject({
    result: { status: "Failed", code: "WORKER_LOST" },
  });
});

it("a stream that is more than a row of nodes does not go there", () => {
  const driver = new CoordinatorDriver();
  const old = driver.inherited("old");
  const client = driver.client();
  const stream = begin();
  const plan = { ...stream.plan, plan: { Parallel: [execute("a"), execute("b")] } };
  driver.receive(client, { ...stream, plan });
  driver.expectNothingMoreFor(old);
  expect(driver.take(client, "Error")).toMatchObject({ code: "STREAM_REFUSED", stream_id: "s" });
});
