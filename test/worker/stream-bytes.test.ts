// Bytes and tensors of chunks on their way through a worker: handed over where they are nobody else's, copied where they are.
import { startCoordinator, type Coordinator } from "@planwire/coordinator";
import { startWorker, type Worker } from "@planwire/worker";
import { connect, parallel, plan, type Planwire } from "planwire";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as f from "./fixtures/bytes-filters.js";

const FILTERS = new URL("./fixtures/bytes-filters.ts", import.meta.url);
// Small ones share a read of the socket, large ones take many.
const SIZES = [1, 100, 5_000, 70_000, 10, 300_000, 60_000, 0, 1_000_000, 3];

let coordinator: Coordinator;
let worker: Worker;
let pw: Planwire;

beforeEach(async () => {
  coordinator = await startCoordinator({ port: 0, store: "memory", log: false });
  worker = await startWorker({ url: coordinator.url, id: "w1", filters: [FILTERS], slots: 4 });
  pw = await connect(coordinator.url);
  await expect.poll(async () => (await pw.workers()).length).toBe(1);
});
afterEach(async () => {
  await pw.close();
  await worker.close();
  await coordinator.close();
});

const chunkOf = (i: number) => new Uint8Array(SIZES[i % SIZES.length] ?? 0).fill(i % 200);
const chunks = Array.from({ length: 60 }, (_, i) => chunkOf(i));
const sum = (bytes: Uint8Array) => bytes.reduce((total, byte) => total + byte, 0);

test("chunks go through inline, thread and process filters that write into them, unharmed by their neighbours", async () => {
  const steps = plan("bump").pipe(f.bumpInline).pipe(f.bumpThread).pipe(f.bumpProcess);
  const results: Uint8Array[] = [];
  for await (const result of pw.stream(steps, chunks)) results.push(result);
  expect(results.map((result) => [result.length, sum(result)])).toEqual(
    chunks.map((chunk) => [chunk.length, sum(chunk) + 3 * chunk.length]),
  );
});

test("arms that write into one chunk each have their own", async () => {
  const arms = plan("arms").pipe(
    parallel({
      a: plan("a").pipe(f.bumpThread).pipe(f.bumpThread),
      b: plan("b").pipe(f.bumpInline),
    }),
  );
  const results: [number, number][] = [];
  for await (const { a, b } of pw.stream(arms, chunks)) results.push([sum(a), sum(b)]);
  expect(results).toEqual(
    chunks.map((chunk) => [sum(chunk) + 2 * chunk.length, sum(chunk) + chunk.length]),
  );
});

test("a filter may keep the chunk it was given and return it later", async () => {
  await worker.close();
  worker = await startWorker({ url: coordinator.url, id: "w2", filters: [FILTERS], slots: 1 });
  const results: Uint8Array[] = [];
  const delay = plan("delay").pipe(f.delayed);
  for await (const result of pw.stream(delay, chunks)) results.push(result);
  const lengths = chunks.map(({ length }) => length);
  expect(results.map(({ length }) => length)).toEqual([0, ...lengths.slice(0, -1)]);
});

test("records of tensors and bytes keep their members", async () => {
  const samples = Array.from({ length: 20 }, (_, i) => ({
    tensor: {
      dtype: "float64" as const,
      shape: [10 ** (i % 5)],
      data: Float64Array.from({ length: 10 ** (i % 5) }, (_one, j) => i + j),
    },
    bytes: Uint8Array.of(i, i + 1, i + 2),
  }));
  const results: unknown[] = [];
  for await (const { tensor, bytes } of pw.stream(plan("half").pipe(f.halved), samples)) {
    results.push([...bytes, tensor.data.length, tensor.data.at(-1)]);
  }
  expect(results).toEqual(
    samples.map(({ tensor: { data }, bytes }) => [...bytes, data.length, (data.at(-1) ?? 0) / 2]),
  );
});
