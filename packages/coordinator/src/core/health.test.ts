import { expect, it } from "vitest";
import { CoordinatorDriver, planOf } from "../testing/coordinator-driver.js";

function assigned() {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"));
  driver.take(worker, "AssignPlan");
  const shown = () => {
    driver.receive(client, { type: "ListWorkers", request_id: 5 });
    return driver.take(client, "Workers").workers[0];
  };
  const explained = () => {
    driver.receive(client, { type: "Explain", request_id: 6, plan_id: "p" });
    return driver.take(client, "Explained").reasons;
  };
  return { driver, worker, shown, explained };
}

it("a worker with nothing wrong is ok, and nothing more is said of it", () => {
  const { shown, explained } = assigned();
  expect(shown()).toMatchObject({ health: "ok" });
  expect(shown()).not.toHaveProperty("health_reason");
  expect(explained()).toEqual(['it waits to start on worker "w", attempt 1']);
});

it("one whose socket is lost says when, and how long its lease runs", () => {
  const { driver, worker, shown, explained } = assigned();
  driver.disconnect(worker);
  driver.passTime(4_000);
  expect(shown()).toMatchObject({
    state: "stopped",
    health: "lost",
    health_ms: 4_000,
    health_reason: "lost its connection 4 s ago; its lease ends in 26 s",
  });
  expect(explained()).toEqual([
    'it waits to start on worker "w", attempt 1; that worker lost its connection 4 s ago; its lease ends in 26 s',
  ]);
});

it("one that is silent for half its lease says since when", () => {
  const { driver, shown } = assigned();
  driver.passTime(17_000);
  expect(shown()).toMatchObject({
    health: "silent",
    health_ms: 17_000,
    health_reason: "was heard last 17 s ago; its lease ends in 13 s",
  });
});

it("one whose main thread is blocked keeps its registration and its plan", () => {
  const { driver, worker, shown } = assigned();
  const held = [{ plan_id: "p", attempt: 1, state: "running" } as const];
  for (let i = 1; i <= 10; i++) {
    driver.passTime(10_000);
    driver.heartbeat(worker, { handled: i, held, main_blocked_ms: i * 10_000 });
  }
  expect(shown()).toMatchObject({ state: "busy", health: "blocked", health_ms: 100_000 });
  expect(driver.core.state.executions.get("p")?.attempts).toBe(1);
  driver.heartbeat(worker, { handled: 11, held });
  expect(shown()).toMatchObject({ health: "ok" });
});

it("one that leaves assignments unhandled is deaf", () => {
  const { driver, worker, shown } = assigned();
  for (let i = 0; i < 2; i++) driver.heartbeat(worker, { handled: 0, held: [] });
  driver.passTime(3_000);
  expect(shown()).toMatchObject({ health: "deaf", health_ms: 3_000 });
});

it("slots that others use are shown", () => {
  const { driver, worker, shown } = assigned();
  driver.heartbeat(worker, { other_slots: 2 });
  expect(shown()).toMatchObject({ other_slots: 2 });
});
