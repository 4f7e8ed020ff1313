// A worker and its coordinator when one of them goes away in the middle of a call.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startCoordinator, type Coordinator } from "@planwire/coordinator";
import { startWorker } from "@planwire/worker";
import { connect, type Planwire, type Run } from "planwire";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";

const STUCK = new URL("../../packages/worker/src/testing/filters/stuck.ts", import.meta.url);
const WORKER = new URL("../../packages/worker/src/testing/worker-process.mjs", import.meta.url);

let folder: string;
let coordinator: Coordinator;
let pw: Planwire;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "planwire-lost-"));
});
afterEach(async () => {
  await pw.close();
  await coordinator.close();
  rmSync(folder, { recursive: true });
});

/** A plan whose filter blocks its thread until `open` is called. */
async function submitBlocking(): Promise<{ run: Run<unknown>; open: () => void }> {
  const path = join(folder, "gate");
  const run = await pw.submit({
    plan: { Execute: { node_id: "blocks" } },
    input: { source: "Inline", value: { type: "Text", data: path } },
  });
  return { run, open: () => writeFileSync(path, "") };
}

async function attemptStarts(run: Run<unknown>): Promise<void> {
  for await (const { type } of run.events()) if (type === "NodeStarted") return;
}

function workerProcess(): ChildProcess {
  const args = [fileURLToPath(WORKER), coordinator.url, fileURLToPath(STUCK)];
  const child = spawn(process.execPath, args, { stdio: "inherit" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

test("a worker that is killed during a call loses it to another worker", async () => {
  const lease = { heartbeatIntervalMs: 200, heartbeatTimeoutMs: 1000 };
  coordinator = await startCoordinator({ port: 0, store: "memory", log: false, ...lease });
  pw = await connect(coordinator.url);
  const victim = workerProcess();
  const { run, open } = await submitBlocking();
  await attemptStarts(run);
  victim.kill("SIGKILL");
  await once(victim, "exit");
  const heir = await startWorker({ url: coordinator.url, id: "heir", filters: [STUCK] });
  onTestFinished(() => heir.close());
  await expect.poll(async () => (await pw.workers()).map(({ id }) => id)).toContain("heir");
  open();
  expect(await run.result()).toBe("released");
});

test("a killed worker's call waits for its lease, which is told, and for no longer than until another process has its id", async () => {
  const lease = { heartbeatIntervalMs: 200, heartbeatTimeoutMs: 3_600_000 };
  coordinator = await startCoordinator({ port: 0, store: "memory", log: false, ...lease });
  pw = await connect(coordinator.url);
  const victim = workerProcess();
  const { run, open } = await submitBlocking();
  await attemptStarts(run);
  const id = (await pw.workers()).map((worker) => worker.id).join();
  victim.kill("SIGKILL");
  await once(victim, "exit");
  await expect
    .poll(() => run.explain(), { timeout: 20_000 })
    .toMatch(/lost its connection.*lease ends in/);
  expect(await pw.workers()).toMatchObject([{ id, health: "lost", activePlans: 1 }]);
  const heir = await startWorker({ url: coordinator.url, id, filters: [STUCK] });
  onTestFinished(() => heir.close());
  open();
  expect(await run.result()).toBe("released");
});

test("a worker keeps its call while the coordinator is restarted, and its result is taken", async () => {
  const store = `sqlite:${join(folder, "planwire.db")}`;
  coordinator = await startCoordinator({ port: 0, store, log: false });
  const { port } = coordinator;
  pw = await connect(coordinator.url);
  const worker = await startWorker({ url: coordinator.url, filters: [STUCK] });
  onTestFinished(() => worker.close());
  const { run, open } = await submitBlocking();
  await attemptStarts(run);
  await coordinator.close();
  coordinator = await startCoordinator({ port, store, log: false });
  await expect.poll(async () => (await pw.workers()).map(({ id }) => id)).toContain(worker.id);
  open();
  const settled = await run.settled();
  expect(settled).toMatchObject({ status: "Succeeded", output: "released" });
});
