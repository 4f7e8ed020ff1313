import {
  encodeBinary,
  PlanwireError,
  readChunkHead,
  type Message,
  type MessageType,
} from "@planwire/protocol";
import { describe, expect, it } from "vitest";
import { CoordinatorDriver, planOf, registerMessage } from "../testing/coordinator-driver.js";

type Conn = ReturnType<CoordinatorDriver["connect"]>;
const hello = { type: "Hello", protocol_version: 1, implementation: "t", version: "0" } as const;
const broken = new PlanwireError("INVALID_MESSAGE", "invalid message: no", {
  details: { path: "plan.plan_id", expected: "string" },
});

function receiveBroken(driver: CoordinatorDriver, conn: Conn, more: object = {}): void {
  driver.step({ type: "receivedBroken", conn, error: broken, isError: false, ...more });
}
const untyped = (
  driver: CoordinatorDriver,
  conn: Conn,
  message: { error: string } | { status: string },
) => driver.step({ type: "received", conn, message, isError: "error" in message, bytes: 10 });

describe("who may send what, and when", () => {
  it.each<Message>([
    { type: "Pong" },
    { type: "ListWorkers", request_id: 1 },
    { type: "Submit", request_id: 1, plan: planOf("p") },
    { type: "StreamEnd", stream_id: "s" },
  ])("before it has said who it is, nobody may send $type", (message) => {
    const driver = new CoordinatorDriver();
    const conn = driver.connect();
    driver.receive(conn, message);
    expect(driver.take(conn, "Error")).toMatchObject({
      code: "UNEXPECTED_MESSAGE",
      ...("request_id" in message && { request_id: 1 }),
    });
    expect(driver.closed).toEqual([]);
  });

  const workers: MessageType[] = ["Pong", "Started", "PlanResult", "StreamAccepted", "Register"];
  it.each<[Message]>([
    [{ type: "Pong" }],
    [{ type: "Started", plan_id: "p", attempt: 1 }],
    [registerMessage("w")],
    [{ ...hello, features: [] }],
    [{ type: "Shutdown", reason: "x" }],
    [{ type: "Registered", worker_id: "w" }],
  ])("a client may not send %o", (message) => {
    const driver = new CoordinatorDriver();
    const client = driver.client();
    driver.receive(client, message);
    const { code, message: text } = driver.take(client, "Error");
    expect(code).toBe("UNEXPECTED_MESSAGE");
    if (workers.includes(message.type)) expect(text).toContain(message.type);
    driver.receive(client, { type: "ListWorkers", request_id: 1 });
    driver.take(client, "Workers");
  });

  it.each<Message>([
    { type: "Submit", request_id: 1, plan: planOf("p") },
    { type: "Cancel", request_id: 1, plan_id: "p" },
    { type: "StreamEnd", stream_id: "s" },
    { type: "AssignPlan", plan: planOf("p") },
  ])("a worker may not send $type", (message) => {
    const driver = new CoordinatorDriver();
    const worker = driver.worker("w");
    driver.receive(worker, message);
    expect(driver.take(worker, "Error")).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
    expect(driver.core.state.executions.size).toBe(0);
  });

  it("a chunk that passes unread is asked for its sender as any other message is", () => {
    const driver = new CoordinatorDriver();
    const frame = encodeBinary({
      type: "ChunkData",
      stream_id: "s",
      chunk_index: 0,
      value: { type: "Empty" },
    });
    const head = readChunkHead(frame);
    if (head === undefined) throw new Error("no chunk");
    for (const conn of [driver.connect(), driver.worker("w")]) {
      driver.step({ type: "receivedChunk", conn, head, frame });
      expect(driver.take(conn, "Error")).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
    }
  });

  it("a token for clients alone registers no worker, and the other way round", () => {
    const driver = new CoordinatorDriver();
    const asWorker = driver.connect({ worker: false, client: true });
    driver.receive(asWorker, registerMessage("w"));
    const asClient = driver.connect({ worker: true, client: false });
    driver.receive(asClient, { ...hello, features: [] });
    for (const conn of [asWorker, asClient]) {
      expect(driver.take(conn, "Error")).toMatchObject({ code: "FORBIDDEN" });
      expect(driver.closed).toContainEqual({ conn, code: "FORBIDDEN" });
    }
    expect(driver.core.state.workers.size).toBe(0);
  });

  it("nothing that comes while a connection is being closed is heard", () => {
    const driver = new CoordinatorDriver();
    const conn = driver.connect({ worker: false, client: true });
    driver.receive(conn, registerMessage("w"));
    driver.take(conn, "Error");
    driver.receive(conn, { ...hello, features: [] });
    receiveBroken(driver, conn);
    driver.expectNothingMoreFor(conn);
  });
});

describe("what could not be understood", () => {
  it("is answered with its code, its place and what was expected, and with the request that it made", () => {
    const driver = new CoordinatorDriver();
    const client = driver.client();
    receiveBroken(driver, client, { requestId: 7 });
    expect(driver.take(client, "Error")).toMatchObject({
      code: "INVALID_MESSAGE",
      path: "plan.plan_id",
      expected: "string",
      request_id: 7,
    });
  });

  it("is answered before Register, and to a worker that announced errors", () => {
    const driver = new CoordinatorDriver();
    for (const conn of [driver.connect(), driver.worker("w")]) {
      receiveBroken(driver, conn);
      driver.take(conn, "Error");
    }
  });

  it("is never answered to an inherited peer, which can't read it, but counted and logged", () => {
    const driver = new CoordinatorDriver();
    const old = driver.inherited("old");
    receiveBroken(driver, old);
    driver.receive(old, { type: "ListWorkers", request_id: 1 });
    driver.expectNothingMoreFor(old);
    expect(driver.core.state.connections.get(old)?.broken).toBe(2);
    expect(driver.others.filter(({ type }) => type === "log").length).toBeGreaterThan(0);
  });

  it("is logged as often as says something, and answered each time", () => {
    const driver = new CoordinatorDriver();
    const client = driver.client();
    for (let i = 0; i < 100; i++) receiveBroken(driver, client);
    const warned = driver.others.filter((one) => one.type === "log" && one.level === "warn");
    expect(warned).toHaveLength(20);
    for (let i = 0; i < 100; i++) driver.take(client, "Error");
  });

  it("is answered to nobody when it reports an error itself", () => {
    const driver = new CoordinatorDriver();
    for (const conn of [driver.connect(), driver.client(), driver.worker("w")]) {
      receiveBroken(driver, conn, { isError: true });
      driver.receive(conn, { type: "Error", code: "X", message: "x", retryable: false });
      untyped(driver, conn, { error: "invalid message: what?" });
      driver.expectNothingMoreFor(conn);
    }
  });

  it("is not done either, although it could be understood, when it reports an error beside", () => {
    const driver = new CoordinatorDriver();
    const conn = driver.client();
    const message: Message = { type: "Submit", request_id: 1, plan: planOf("p") };
    driver.step({ type: "received", conn, message, isError: true, bytes: 10 });
    driver.expectNothingMoreFor(conn);
    expect(driver.core.state.executions.size).toBe(0);
  });

  it("is a message without a type, but from a worker: an inherited one answers like that", () => {
    const driver = new CoordinatorDriver();
    const client = driver.client();
    untyped(driver, client, { status: "cancel_not_implemented" });
    expect(driver.take(client, "Error")).toMatchObject({ code: "INVALID_MESSAGE" });
    const old = driver.inherited("old");
    untyped(driver, old, { status: "cancel_not_implemented" });
    driver.expectNothingMoreFor(old);
  });
});

describe("what a connection may ask for is bounded", () => {
  it("watches and questions", () => {
    const driver = new CoordinatorDriver({ settings: { maxWatches: 3 } });
    const client = driver.client();
    for (let id = 1; id <= 4; id++) {
      driver.receive(client, { type: "Get", request_id: id, plan_id: `ghost-${id}` });
    }
    expect(driver.take(client, "Error")).toMatchObject({ code: "QUEUE_FULL", request_id: 4 });
  });

  it("streams", () => {
    const driver = new CoordinatorDriver({ settings: { maxStreams: 1 } });
    const client = driver.client();
    for (const stream_id of ["a", "b"]) {
      const plan = planOf(stream_id, { input: null });
      driver.receive(client, { type: "StreamBegin", stream_id, plan_id: stream_id, plan });
    }
    expect(driver.take(client, "Error")).toMatchObject({ code: "QUEUE_FULL", stream_id: "b" });
  });

  it("connections themselves", () => {
    const driver = new CoordinatorDriver({ settings: { maxConnections: 1 } });
    driver.client();
    const second = driver.connect();
    expect(driver.closed).toEqual([{ conn: second, code: "SHUTTING_DOWN" }]);
  });
});
