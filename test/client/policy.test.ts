// What a plan asks of its execution, kept by real workers and a real store: tries, deadlines, quarantine, durability.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startCoordinator, type Coordinator } from "@planwire/coordinator";
import { startWorker, type Worker } from "@planwire/worker";
import { connect, plan } from "planwire";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { start } from "../commands/planwire-process.js";
import * as f from "./fixtures/failing-filters.js";
import { double } from "./fixtures/filters.js";

const FILTERS = ["failing-filters.ts", "filters.ts"].map(
  (name) => new URL(`fixtures/${name}`, import.meta.url),
);
let folder: string;
let coordinator: Coordinator;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "planwire-policy-"));
  coordinator = await startCoordinator({
    port: 0,
    store: `sqlite:${join(folder, "planwire.db")}`,
    log: false,
    heartbeatIntervalMs: 100,
    heartbeatTimeoutMs: 1_000,
    settings: { backoffMs: 20 },
  });
});

afterEach(async () => {
  await coordinator.close();
  rmSync(folder, { recursive: true, force: true });
});

async function worker(slots = 1): Promise<Worker> {
  const started = await startWorker({ url: coordinator.url, filters: FILTERS, slots });
  onTestFinished(() => started.close());
  return started;
}

async function client() {
  const pw = await connect(coordinator.url);
  onTestFinished(() => pw.close());
  return pw;
}

const file = () => join(folder, "runs");
const runs = () => readFileSync(file(), "utf8").split("\n").length - 1;

test("what fails for a time is tried until it succeeds, and what fails for longer fails", async () => {
  await worker();
  const pw = await client();
  const flaky = plan("flaky").pipe(f.failsAtFirst);
  expect(await pw.run(flaky, { file: file(), times: 3 })).toBe(3);
  const run = await pw.submit(flaky, { file: file(), times: 99 }, { retry: { attempts: 2 } });
  await expect(run.result()).rejects.toMatchObject({ code: "FILTER_ERROR", retryable: true });
  expect(await run.outcome()).toMatchObject({ attempts: 2 });
  expect(runs()).toBe(5);
});

test("a deadline stops what hangs, also when its client has gone, and frees the slot", async () => {
  await worker();
  const submitter = await connect(coordinator.url);
  const hanging = plan("hanging").pipe(f.hangs);
  const { id } = await submitter.submit(hanging, { file: file() }, { timeoutMs: 300 });
  await submitter.close();
  const pw = await client();
  const run = await pw.get(id);
  await expect(run.result()).rejects.toMatchObject({
    code: "DEADLINE_EXCEEDED",
    details: { timeoutMs: 300, stopped: true },
  });
  expect(await pw.run(plan("next").pipe(double), [1])).toEqual([2]);
});

test("a plan that kills its isolate is in quarantine after three of them; its worker goes on", async () => {
  await worker();
  const pw = await client();
  const killing = pw.run(plan("killing").pipe(f.killsIsolate), { file: file() });
  await expect(killing).rejects.toMatchObject({
    code: "POISON_PLAN",
    details: { deaths: [{ what: "isolate" }, { what: "isolate" }, { what: "isolate" }] },
  });
  expect(runs()).toBe(3);
  expect(await pw.run(plan("next").pipe(double), [1])).toEqual([2]);
});

test(
  "a plan that kills its worker is in quarantine before it has killed them all",
  { timeout: 120_000 },
  async () => {
    const filters = FILTERS.flatMap((module) => ["--filters", fileURLToPath(module)]);
    const args = ["worker", "--coordinator", coordinator.url, "--json", ...filters];
    const workers = Array.from({ length: 7 }, () => start(args));
    onTestFinished(() => workers.forEach(({ child }) => child.kill("SIGKILL")));
    const pw = await client();
    await expect.poll(async () => (await pw.workers()).length, { timeout: 30_000 }).toBe(7);
    const killing = pw.run(plan("killing").pipe(f.killsWorker), { file: file() });
    await expect(killing).rejects.toMatchObject({ code: "POISON_PLAN" });
    // Three deaths are counted; three more may come before a worker could say that it had begun.
    expect(runs()).toBeLessThanOrEqual(6);
    expect(await pw.run(plan("next").pipe(double), [1])).toEqual([2]);
  },
);

test("a coordinator that ends forgets what was to be in memory only, and keeps what was not", async () => {
  await worker();
  const pw = await client();
  const doubling = plan("doubling").pipe(double);
  const kept = await pw.submit(doubling, [1]);
  const forgotten = await pw.submit(doubling, [2], { durability: "memory" });
  expect(await Promise.all([kept.result(), forgotten.result()])).toEqual([[2], [4]]);
  expect((await pw.plans()).plans.map(({ id }) => id)).toEqual([forgotten.id, kept.id]);
  await coordinator.close();
  const { port } = new URL(coordinator.url);
  const store = `sqlite:${join(folder, "planwire.db")}`;
  coordinator = await startCoordinator({ port: Number(port), store, log: false });
  expect(await (await pw.get(kept.id)).result()).toEqual([2]);
  await expect(pw.get(forgotten.id)).rejects.toMatchObject({ code: "PLAN_UNKNOWN" });
});

test("a result is kept as long as its plan says", async () => {
  await coordinator.close();
  const settings = { pruneIntervalMs: 50 };
  coordinator = await startCoordinator({ port: 0, store: "memory", log: false, settings });
  await worker();
  const pw = await client();
  const run = await pw.submit(plan("doubling").pipe(double), [1], { keepMs: 0 });
  expect(await run.result()).toEqual([2]);
  const isGone = () =>
    pw.get(run.id).then(
      () => false,
      () => true,
    );
  await expect.poll(isGone).toBe(true);
});
