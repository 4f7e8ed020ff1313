// A client, a coordinator and workers, as they meet over sockets.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCoordinator, type Coordinator } from "@planwire/coordinator";
import { startWorker, type Worker } from "@planwire/worker";
import { connect, defineFilter, plan, type Planwire, type RunEvent } from "planwire";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import * as f from "./fixtures/filters.js";

const FILTERS = new URL("./fixtures/filters.ts", import.meta.url);
let coordinator: Coordinator;
let worker: Worker;
let pw: Planwire;

beforeEach(async () => {
  coordinator = await startCoordinator({ port: 0, store: "memory", log: false });
  worker = await startWorker({ url: coordinator.url, id: "w1", filters: [FILTERS], slots: 2 });
  pw = await connect(coordinator.url);
  await expect.poll(async () => (await pw.workers()).length).toBe(1);
});
afterEach(async () => {
  await pw.close();
  await worker.close();
  await coordinator.close();
});

const wait = plan("wait").pipe(f.waits);
const double = plan("double").pipe(f.double);

test("many plans at a time come back each with its own result", async () => {
  const inputs = Array.from({ length: 200 }, (_, i) => i);
  const results = await Promise.all(inputs.map((i) => pw.run(double, [i])));
  expect(results).toEqual(inputs.map((i) => [2 * i]));
});

test("events tell what happens as it happens", async () => {
  const run = await pw.submit(wait, [1]);
  const seen: RunEvent[] = [];
  for await (const event of run.events()) {
    seen.push(event);
    if (event.type === "Log") void run.cancel("seen enough");
  }
  const types = seen.map(({ type }) => type);
  expect(types).toEqual(
    expect.arrayContaining(["Accepted", "AttemptStarted", "NodeStarted", "Log", "CancelRequested"]),
  );
  expect(types.at(-1)).toBe("Finished");
  expect(seen.find(({ type }) => type === "Log")).toMatchObject({
    nodeId: "waits",
    message: "waiting",
    fields: { for: "an abort" },
    workerId: "w1",
  });
  const again: string[] = [];
  for await (const { type } of run.events()) again.push(type);
  expect(again[0]).toBe("Accepted");
  expect(again.at(-1)).toBe("Finished");
});

describe("cancelling", () => {
  test("stops a filter, and says by whom", async () => {
    const run = await pw.submit(wait, [1]);
    const settled = await run.cancel("enough");
    expect(settled).toMatchObject({ status: "Cancelled", tooLate: false });
    await expect(run.result()).rejects.toMatchObject({ code: "CANCELLED" });
  });

  test("what has ended comes too late", async () => {
    const run = await pw.submit(double, [1]);
    await run.result();
    expect(await run.cancel()).toMatchObject({ status: "Succeeded", output: [2], tooLate: true });
  });

  test("by a signal", async () => {
    const running = pw.run(wait, [1], { signal: AbortSignal.timeout(100) });
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  });

  test("by a deadline", async () => {
    const running = pw.run(wait, [1], { timeoutMs: 100 });
    await expect(running).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });
});

test("another client finds a run by its id, while it goes on and later", async () => {
  await using other = await connect(coordinator.url);
  const run = await pw.submit(plan("p").pipe(f.sleeps), 200, { id: "my-run" });
  const found = await other.get("my-run");
  expect(await found.result()).toBe("slept");
  await run.result();
  expect(await (await other.get("my-run")).settled()).toMatchObject({ output: "slept" });
  await expect(other.get("no-run")).rejects.toMatchObject({ code: "PLAN_UNKNOWN" });
  expect(await other.plans()).toMatchObject({ total: 1, plans: [{ id: "my-run", name: "p" }] });
});

test("the same id and content is the same run; other content is a conflict", async () => {
  const first = await pw.submit(double, [1], { id: "same" });
  expect(await first.result()).toEqual([2]);
  expect(await (await pw.submit(double, [1], { id: "same" })).result()).toEqual([2]);
  await expect(pw.submit(double, [2], { id: "same" })).rejects.toMatchObject({
    code: "PLAN_ID_CONFLICT",
  });
});

test("a filter that nobody has is refused, with those that are there", async () => {
  const typo = defineFilter("duoble", (xs: number[]) => xs);
  await expect(pw.run(plan("p").pipe(typo), [1])).rejects.toMatchObject({
    code: "NO_SUCH_FILTER",
    details: { missing: ["duoble"], offered: expect.arrayContaining(["double", "total"]) },
    hint: expect.stringContaining("double"),
  });
});

test("a run that waits says why", async () => {
  const busy = await Promise.all([pw.submit(wait, [1]), pw.submit(wait, [1])]);
  const run = await pw.submit(double, [1]);
  expect(await run.explain()).not.toBe("");
  await Promise.all(busy.map((one) => one.cancel()));
  expect(await run.result()).toEqual([2]);
});

describe("streams", () => {
  const numbers = function* (count: number) {
    for (let i = 0; i < count; i++) yield [i];
  };

  test("give results in order, however many there are", async () => {
    const seen: number[] = [];
    for await (const [x = NaN] of pw.stream(double, numbers(1_000))) seen.push(x);
    expect(seen).toEqual(Array.from({ length: 1_000 }, (_, i) => 2 * i));
  });

  test("are pulled no further than they are read", async () => {
    let pulled = 0;
    const endless = function* () {
      for (;;) yield [pulled++];
    };
    for await (const [x = NaN] of pw.stream(double, endless())) {
      expect(pulled - x / 2).toBeLessThan(300);
      if (x >= 1_000) break;
    }
    const before = pulled;
    expect(await pw.run(double, [1])).toEqual([2]);
    expect(pulled).toBe(before);
  });

  test("end with what a filter throws, and leave the worker free", async () => {
    const reading = (async () => {
      for await (const _ of pw.stream(plan("p").pipe(f.fails), numbers(5)));
    })();
    await expect(reading).rejects.toMatchObject({
      code: "FILTER_ERROR",
      details: { nodeId: "fails" },
    });
    await expect.poll(async () => (await pw.workers())[0]?.activeStreams).toBe(0);
  });

  test("of states that were fitted", async () => {
    const tidy = plan("tidy").pipe(f.center);
    const { states } = await (await pw.fit(tidy, [1, 3])).result();
    const seen: number[][] = [];
    for await (const part of pw.stream(tidy.withStates(states), [[2], [4]])) seen.push(part);
    expect(seen).toEqual([[0], [2]]);
  });
});

describe("a coordinator that is started anew", () => {
  test("with its store goes on with the runs of before, and the client learns how they end", async () => {
    const folder = await mkdtemp(join(tmpdir(), "planwire-client-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const store = `sqlite:${join(folder, "plans.db")}`;
    let durable = await startCoordinator({ port: 0, store, log: false });
    const { url, port } = durable;
    const other = await startWorker({ url, id: "w2", filters: [FILTERS] });
    const client = await connect(url);
    onTestFinished(async () => {
      await client.close();
      await other.close();
      await durable.close();
    });
    const run = await client.submit(plan("p").pipe(f.sleeps), 1_000);
    for await (const { type } of run.events()) if (type === "NodeStarted") break;
    await durable.close();
    durable = await startCoordinator({ port, store, log: false });
    expect(await run.result()).toBe("slept");
    expect(await run.outcome()).toMatchObject({ attempts: 1, worker_id: "w2" });
  });

  test("with its memory gone does not know the runs of before", async () => {
    const port = Number(new URL(coordinator.url).port);
    const run = await pw.submit(wait, [1]);
    await coordinator.close();
    coordinator = await startCoordinator({ port, store: "memory", log: false });
    await expect(run.result()).rejects.toMatchObject({ code: "PLAN_UNKNOWN" });
    expect(await pw.run(double, [3])).toEqual([6]);
  });
});
