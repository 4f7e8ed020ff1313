import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeCoordinator } from "../testing/fake-coordinator.js";
import { executePlan, filterModule, json } from "../testing/worker-setup.js";

let coordinator: FakeCoordinator;
beforeEach(async () => {
  coordinator = await FakeCoordinator.start();
});
afterEach(() => coordinator.close());

test("a process whose filter never returns ends with its worker, however that ends", async () => {
  const script = fileURLToPath(new URL("../testing/worker-process.mjs", import.meta.url));
  const args = [script, coordinator.url, fileURLToPath(filterModule("stuck.ts"))];
  const worker = spawn(process.execPath, args, { stdio: "inherit" });
  const session = await coordinator.worker();
  session.send({
    type: "AssignPlan",
    plan: executePlan("stubborn-process", json(1)),
    attempt: 1,
  });
  const { event } = await session.next("Event", ({ event }) => event.event_type === "Log");
  const { pid } = event["fields"] as { pid: number };
  expect(isAlive(pid)).toBe(true);
  worker.kill("SIGKILL");
  await once(worker, "exit");
  await expect.poll(() => isAlive(pid), { timeout: 30_000 }).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
