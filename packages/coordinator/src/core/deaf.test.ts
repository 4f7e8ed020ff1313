import { expect, it } from "vitest";
import {
  CoordinatorDriver,
  planOf,
  registerMessage,
  resultMessage,
  success,
} from "../testing/coordinator-driver.js";

const INTERVAL_MS = 10_000;
const running = { plan_id: "runs", attempt: 1, state: "running" } as const;

type Conn = ReturnType<CoordinatorDriver["connect"]>;

/** A worker with three slots that runs one plan, and leaves a second one unhandled over two heartbeats, before which something may happen. */
function deaf(before = (_driver: CoordinatorDriver, _client: Conn): void => {}) {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w", ["f"], { max_concurrent: 3 });
  driver.submit(client, planOf("runs"));
  const runs = driver.take(worker, "AssignPlan");
  driver.submit(client, planOf("lies"));
  driver.take(worker, "AssignPlan");
  before(driver, client);
  for (let i = 0; i < 2; i++) {
    driver.heartbeat(worker, { handled: 1, held: [running] });
    driver.take(worker, "HeartbeatAck");
  }
  return { driver, client, worker, runs };
}

it("a worker that leaves an assignment unhandled over two heartbeats is asked for its status", () => {
  const { driver, worker } = deaf();
  driver.take(worker, "StatusRequest");
  driver.expectNothingMoreFor(worker);
});

it("one that catches up by its second heartbeat is not asked", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  driver.submit(driver.client(), planOf("p"));
  driver.heartbeat(worker, { handled: 0, held: [] });
  driver.heartbeat(worker, {
    handled: 1,
    held: [{ plan_id: "p", attempt: 1, state: "assigned" }],
  });
  driver.heartbeat(worker, { handled: 1, held: [{ ...running, plan_id: "p" }] });
  expect(driver.typesTo(worker)).not.toContain("StatusRequest");
});

it("a worker that lists an attempt has handled it, whatever number it says", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  driver.submit(driver.client(), planOf("p"));
  for (let i = 0; i < 5; i++) {
    driver.heartbeat(worker, { handled: 0, held: [{ ...running, plan_id: "p" }] });
  }
  expect(driver.typesTo(worker)).not.toContain("StatusRequest");
});

it("while it is asked it gets no new work", () => {
  const { driver, client, worker } = deaf();
  driver.submit(client, planOf("next"));
  expect(driver.typesTo(worker)).not.toContain("AssignPlan");
  expect(driver.core.state.queued).toBe(1);
});

it("one that does not answer is closed with SESSION_EXPIRED; what it never handled keeps its lease, since it may handle it yet", () => {
  const { driver, worker } = deaf();
  const other = driver.worker("other", ["f"], { status: "draining" });
  driver.passTime(INTERVAL_MS);
  expect(driver.closed).toEqual([{ conn: worker, code: "SESSION_EXPIRED" }]);
  driver.heartbeat(other, { status: "ready" });
  expect(driver.typesTo(other)).not.toContain("AssignPlan");
  driver.disconnect(worker);
  const back = driver.connect();
  const resume = [running, { ...running, plan_id: "lies" }];
  driver.receive(back, registerMessage("w", ["f"], { max_concurrent: 3, resume }));
  expect(driver.typesTo(other)).not.toContain("AssignPlan");
  expect(driver.typesTo(back)).toEqual(["Registered"]);
});

it("what it never handled is tried elsewhere, at no cost, when its lease ends", () => {
  const { driver } = deaf();
  const other = driver.worker("other", ["f"], { status: "draining" });
  for (let i = 0; i < 5; i++) {
    driver.passTime(INTERVAL_MS);
    driver.heartbeat(other, { status: "ready" });
  }
  expect(driver.take(other, "AssignPlan")).toMatchObject({
    plan: { plan_id: "lies" },
    attempt: 2,
  });
  expect(driver.core.state.executions.get("lies")?.parts.get("lies")?.setbacks?.tries).toBe(0);
});

it("what it runs keeps its lease: as the same process it comes back with it", () => {
  const { driver, worker, runs } = deaf();
  driver.passTime(INTERVAL_MS);
  driver.disconnect(worker);
  const back = driver.connect();
  driver.receive(back, registerMessage("w", ["f"], { max_concurrent: 3, resume: [running] }));
  driver.receive(back, resultMessage(runs, success({ type: "Json", data: 1 })));
  expect(driver.take(back, "ResultAck")).toMatchObject({ id: "runs", taken: true });
  expect(driver.take(back, "AssignPlan")).toMatchObject({ plan: { plan_id: "lies" }, attempt: 2 });
});

it("what it runs is lost with its lease when it does not come back", () => {
  const { driver } = deaf();
  driver.passTime(INTERVAL_MS + 31_000);
  const other = driver.worker("other", ["f"], { max_concurrent: 2 });
  const ids = [1, 2].map(() => driver.take(other, "AssignPlan").plan.plan_id);
  expect(ids.sort()).toEqual(["lies", "runs"]);
  expect(driver.core.state.workers.has("w")).toBe(false);
});

it("one that is asked has as much longer to answer as the coordinator stood still", () => {
  const { driver, worker } = deaf();
  driver.mono += 60_000;
  driver.step({ type: "woken" });
  expect(driver.closed).toEqual([]);
  driver.receive(worker, registerMessage("w", ["f"], { max_concurrent: 3, resume: [running] }));
  driver.passTime(INTERVAL_MS);
  expect(driver.closed).toEqual([]);
});

it("a Register answers: it keeps its connection and gets work again; what got lost on its way is tried again", () => {
  const { driver, worker } = deaf();
  driver.take(worker, "StatusRequest");
  driver.receive(worker, registerMessage("w", ["f"], { max_concurrent: 3, resume: [running] }));
  expect(driver.take(worker, "AssignPlan")).toMatchObject({
    plan: { plan_id: "lies" },
    attempt: 2,
  });
  driver.passTime(2 * INTERVAL_MS);
  expect(driver.closed).toEqual([]);
});

it("what went out behind the question may be on its way still: it is not tried again", () => {
  const { driver, worker } = deaf((coordinator, client) => {
    coordinator.holdsWrites = true;
    coordinator.submit(client, planOf("late"));
  });
  driver.answerWrites();
  driver.holdsWrites = false;
  expect(driver.typesTo(worker)).toEqual(["StatusRequest", "AssignPlan"]);
  expect(driver.take(worker, "AssignPlan").plan.plan_id).toBe("late");
  driver.receive(worker, registerMessage("w", ["f"], { max_concurrent: 3, resume: [running] }));
  expect(driver.take(worker, "AssignPlan").plan.plan_id).toBe("lies");
  expect(driver.typesTo(worker)).not.toContain("AssignPlan");
});

it("one that was only slow answers with what it was given, and nothing is tried again", () => {
  const { driver, worker } = deaf();
  driver.take(worker, "StatusRequest");
  const resume = [running, { plan_id: "lies", attempt: 1, state: "assigned" } as const];
  driver.receive(worker, registerMessage("w", ["f"], { max_concurrent: 3, resume }));
  driver.expectNothingMoreFor(worker);
  driver.passTime(2 * INTERVAL_MS);
  expect(driver.closed).toEqual([]);
});
