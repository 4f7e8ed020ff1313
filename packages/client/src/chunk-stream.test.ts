import { getEventListeners } from "node:events";
import { defineFilter, plan } from "@planwire/plan";
import type { JsonValue, PlanResult, Value } from "@planwire/protocol";
import { describe, expect, test, vi } from "vitest";
import { connected, type Connected } from "./testing/connected.js";
import type { RawConnection } from "./testing/raw-coordinator.js";

const double = plan("double").pipe(defineFilter("double", (x: number) => 2 * x));
const json = (data: JsonValue): Value => ({ type: "Json", data });
const SUCCESS: PlanResult = { status: "Success", output: { type: "Empty" }, duration_ms: 1 };
const CANCELLED: PlanResult = { status: "Cancelled", duration_ms: 1 };
const PLENTY = { bytes: 1_000_000, chunks: 1_000 };

/** A worker that takes one stream, in the coordinator's place. */
class RawStream {
  readonly #connection: RawConnection;
  readonly streamId: string;

  private constructor(connection: RawConnection, streamId: string) {
    this.#connection = connection;
    this.streamId = streamId;
  }

  static async accept(connection: RawConnection, credit = PLENTY): Promise<RawStream> {
    const { stream_id, plan_id } = await connection.take("StreamBegin");
    connection.send({ type: "StreamAccepted", stream_id, plan_id, attempt: 1, credit });
    return new RawStream(connection, stream_id);
  }

  grant(bytes: number, chunks: number): void {
    const stream_id = this.streamId;
    this.#connection.send({ type: "StreamCredit", stream_id, dir: "in", bytes, chunks });
  }

  result(index: number, data: JsonValue): void {
    const { streamId: stream_id } = this;
    const value = json(data);
    this.#connection.send({ type: "ChunkResult", stream_id, chunk_index: index, value });
  }

  complete(result: PlanResult): void {
    this.#connection.send({ type: "StreamComplete", stream_id: this.streamId, result });
  }

  /** Doubles every chunk until the end, then completes. */
  async serve(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const { value } = await this.#connection.take("ChunkData");
      this.result(index, 2 * Number("data" in value ? value.data : NaN));
    }
    await this.#connection.take("StreamEnd");
    this.complete(SUCCESS);
  }
}

async function serve({ connection }: Connected, count: number): Promise<void> {
  await (await RawStream.accept(connection)).serve(count);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A source that tells what became of it. */
function watched(items: readonly number[], then: () => Promise<number>) {
  const source = { pulled: 0, isReleased: false, [Symbol.asyncIterator]: () => read() };
  async function* read() {
    try {
      for (const item of items) {
        source.pulled++;
        yield item;
      }
      yield await then();
    } finally {
      source.isReleased = true;
    }
  }
  return source;
}
const never = () => new Promise<never>(() => undefined);

test("chunks go out, their results come back in order, and the output at the end", async () => {
  const parts = await connected();
  const stream = parts.pw.stream(double, [1, 2, 3]);
  const serving = serve(parts, 3);
  expect(await collect(stream)).toEqual([2, 4, 6]);
  expect(await stream.result()).toBeUndefined();
  expect(stream.progress).toEqual({ sent: 3, received: 3 });
  await serving;
});

test("nothing begins before somebody reads", async () => {
  const { pw, connection } = await connected();
  pw.stream(double, [1]);
  void pw.workers().catch(() => undefined);
  await connection.take("ListWorkers");
});

test("the source is pulled no further than the worker's credit", async () => {
  const { pw, connection } = await connected();
  const source = watched([1, 2, 3, 4], never);
  const reading = collect(pw.stream(double, source));
  const stream = await RawStream.accept(connection, { bytes: 1_000_000, chunks: 2 });
  await connection.take("ChunkData");
  await connection.take("ChunkData");
  expect(source.pulled).toBe(2);
  stream.grant(1_000_000, 3);
  await connection.take("ChunkData");
  expect(source.pulled).toBe(3);
  stream.complete(SUCCESS);
  expect(await reading).toEqual([]);
});

test("credit for results is given back in bytes of their frames, as they are read", async () => {
  const { pw, connection } = await connected();
  const stream = pw.stream(double, watched([], never));
  const iterator = stream[Symbol.asyncIterator]();
  const first = iterator.next();
  const raw = await RawStream.accept(connection);
  for (let index = 0; index < 17; index++) raw.result(index, index);
  await first;
  for (let index = 1; index < 16; index++) await iterator.next();
  const credit = await connection.take("StreamCredit");
  expect(credit).toMatchObject({ dir: "out", chunks: 64 + 16 });
  raw.complete(SUCCESS);
  expect(await iterator.next()).toEqual({ done: false, value: 16 });
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test("result() alone reads the results and drops them", async () => {
  const parts = await connected();
  const stream = parts.pw.stream(double, [1, 2]);
  const serving = serve(parts, 2);
  expect(await stream.result()).toBeUndefined();
  expect(stream.progress).toEqual({ sent: 2, received: 2 });
  await serving;
  expect(() => stream[Symbol.asyncIterator]()).toThrow(/being read already/);
});

test("a failure comes behind the results that were before it", async () => {
  const { pw, connection } = await connected();
  const stream = pw.stream(double, watched([1, 2], never));
  const seen: number[] = [];
  async function theCaller() {
    for await (const item of stream) seen.push(item);
  }
  const reading = theCaller().catch((error: unknown) => error);
  const raw = await RawStream.accept(connection);
  raw.result(0, 2);
  raw.complete({
    status: "Failed",
    error: "it broke",
    duration_ms: 1,
    code: "FILTER_ERROR",
    node_id: "double",
    cause: { name: "TypeError", message: "no number" },
  });
  const error = await reading;
  expect(seen).toEqual([2]);
  expect(error).toMatchObject({
    code: "FILTER_ERROR",
    details: { nodeId: "double" },
    cause: { name: "TypeError" },
  });
  expect((error as Error).stack).toMatch(/theCaller.*chunk-stream\.test\.ts/);
  await expect(stream.result()).rejects.toMatchObject({ code: "FILTER_ERROR" });
});

describe("a stream is cancelled", () => {
  test("by leaving its loop, which waits until it stopped and releases the source", async () => {
    const { pw, connection } = await connected();
    const source = watched([1], never);
    const order: string[] = [];
    const leaving = (async () => {
      for await (const _ of pw.stream(double, source)) break;
      order.push("left");
    })();
    const raw = await RawStream.accept(connection);
    await connection.take("ChunkData");
    raw.result(0, 2);
    await connection.take("StreamCancel");
    order.push("cancelled");
    raw.complete(CANCELLED);
    await leaving;
    expect(order).toEqual(["cancelled", "left"]);
  });

  test("by cancel(), which its reader is told", async () => {
    const { pw, connection } = await connected();
    const stream = pw.stream(double, watched([], never));
    const reading = collect(stream);
    const raw = await RawStream.accept(connection);
    const cancelling = stream.cancel("enough");
    expect(await connection.take("StreamCancel")).toMatchObject({ reason: "enough" });
    raw.complete(CANCELLED);
    await expect(reading).rejects.toMatchObject({ code: "CANCELLED" });
    await cancelling;
    await stream.cancel();
  });

  test("before it began, without a word to anybody", async () => {
    const { pw, connection } = await connected();
    const stream = pw.stream(double, [1]);
    await stream.cancel();
    await expect(collect(stream)).rejects.toMatchObject({ code: "CANCELLED" });
    expect(connection.untaken).toEqual([]);
  });

  test("by its signal", async () => {
    const { pw, connection } = await connected();
    const abort = new AbortController();
    const stream = pw.stream(double, watched([], never), { signal: abort.signal });
    const reading = collect(stream);
    const raw = await RawStream.accept(connection);
    abort.abort("because");
    await connection.take("StreamCancel");
    raw.complete(CANCELLED);
    await expect(reading).rejects.toMatchObject({ code: "CANCELLED", cause: "because" });
    expect(getEventListeners(abort.signal, "abort")).toEqual([]);
  });

  test("at its deadline", async () => {
    const { pw, connection } = await connected();
    const reading = collect(pw.stream(double, watched([], never), { timeoutMs: 5 }));
    const raw = await RawStream.accept(connection);
    expect(await connection.take("StreamCancel")).toMatchObject({ reason: "its deadline" });
    raw.complete(CANCELLED);
    await expect(reading).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });

  test("when its source throws, and that is what the reader gets", async () => {
    const { pw, connection } = await connected();
    const broken = new Error("the disk is gone");
    const source = watched([1], () => Promise.reject(broken));
    const reading = collect(pw.stream(double, source));
    const raw = await RawStream.accept(connection);
    // Control goes before chunks: the chunk that was sent just before comes behind.
    expect(await connection.take("StreamCancel")).toMatchObject({
      reason: "its source failed",
    });
    raw.complete(CANCELLED);
    await expect(reading).rejects.toBe(broken);
  });

  test("when a chunk can't travel", async () => {
    const { pw, connection } = await connected();
    const dates = plan("dates").pipe(
      defineFilter("dates", (x: { when: unknown }) => typeof x.when),
    );
    const reading = collect(pw.stream(dates, [{ when: new Date() }]));
    const raw = await RawStream.accept(connection);
    await connection.take("StreamCancel");
    raw.complete(CANCELLED);
    await expect(reading).rejects.toMatchObject({ code: "VALUE_UNSUPPORTED" });
  });
});

test("a chunk over the limit is refused, and the source released", async () => {
  const { pw, connection } = await connected();
  const text = plan("text").pipe(defineFilter("text", (x: string) => x));
  let isReleased = false;
  function* source() {
    try {
      yield "x".repeat(5_000_000);
    } finally {
      isReleased = true;
    }
  }
  const reading = collect(pw.stream(text, source()));
  await RawStream.accept(connection);
  await expect(reading).rejects.toMatchObject({
    code: "MESSAGE_TOO_LARGE",
    hint: expect.stringContaining("chunks(rows, size)"),
  });
  expect(await connection.take("StreamCancel")).toMatchObject({ reason: "MESSAGE_TOO_LARGE" });
  expect(isReleased).toBe(true);
});

test("a connection that is lost fails the stream with CONNECTION_LOST", async () => {
  const { pw, connection } = await connected();
  const source = watched([1], never);
  const reading = collect(pw.stream(double, source));
  await RawStream.accept(connection);
  await connection.take("ChunkData");
  connection.cut();
  await expect(reading).rejects.toMatchObject({ code: "CONNECTION_LOST", retryable: true });
});

test("close() ends it with CLOSED", async () => {
  const { pw, connection } = await connected();
  const reading = collect(pw.stream(double, watched([1], never)));
  await RawStream.accept(connection);
  await Promise.all([expect(reading).rejects.toMatchObject({ code: "CLOSED" }), pw.close()]);
});

test("a plan that is not fitted is refused where it is written", async () => {
  const { pw } = await connected();
  const scale = defineFilter("scale", {
    fit: (x: number) => ({ x }),
    forward: (x, s) => x / s.x,
  });
  // @ts-expect-error the types say so too
  expect(() => pw.stream(scale, [1])).toThrow(/not fitted/);
});

test("await using ends it", async () => {
  const { pw, connection } = await connected();
  let raw: RawStream | undefined;
  const using = (async () => {
    await using stream = pw.stream(double, watched([], never));
    void collect(stream).catch(() => undefined);
    raw = await RawStream.accept(connection);
  })();
  await vi.waitUntil(() => raw);
  await connection.take("StreamCancel");
  raw?.complete(CANCELLED);
  await using;
});
