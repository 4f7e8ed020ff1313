import { expect, it } from "vitest";
import {
  CoordinatorDriver,
  planOf,
  registerMessage,
  resultMessage,
  success,
} from "../testing/coordinator-driver.js";

const json = (data: number) => success({ type: "Json", data });

it("an attempt that a worker gives back costs nothing: however often, the part is tried on", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.submit(client, planOf("p"), { watch: true });
  for (let attempt = 1; attempt <= 8; attempt++) {
    expect(driver.take(worker, "AssignPlan")).toMatchObject({ attempt });
    driver.receive(worker, { type: "Busy", plan_id: "p", attempt });
    driver.expectNothingMoreFor(worker);
    heartbeat(driver, worker);
  }
  const assigned = driver.take(worker, "AssignPlan");
  driver.disconnect(worker);
  driver.passTime(40_000);
  const other = driver.worker("other");
  expect(driver.take(other, "AssignPlan")).toMatchObject({ attempt: 10 });
  expect(assigned.attempt).toBe(9);
});

it("a part fails with WORKER_LOST when as many workers left in the midst of it as are allowed", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.submit(client, planOf("p"), { watch: true, only_outcome: true });
  for (let attempt = 1; attempt <= 5; attempt++) {
    const worker = driver.worker(`w${attempt}`);
    expect(driver.take(worker, "AssignPlan")).toMatchObject({ attempt });
    driver.receive(worker, { type: "Started", plan_id: "p", attempt });
    driver.step({ type: "connectionClosed", conn: worker, reason: "leaving" });
  }
  expect(driver.eventsTo(client)).toMatchObject([
    { outcome: { status: "Failed", attempts: 5, error: { code: "WORKER_LOST", retryable: true } } },
  ]);
});

it("a result of an older attempt is acknowledged and changes nothing", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"), { watch: true, only_outcome: true });
  const first = driver.take(worker, "AssignPlan");
  driver.receive(worker, { type: "Busy", plan_id: "p", attempt: 1 });
  heartbeat(driver, worker);
  const second = driver.take(worker, "AssignPlan");
  driver.receive(worker, resultMessage(first, json(1)));
  expect(driver.take(worker, "ResultAck")).toMatchObject({ attempt: 1, taken: false });
  expect(driver.eventsTo(client)).toEqual([]);
  driver.receive(worker, resultMessage(second, json(2)));
  expect(driver.take(worker, "ResultAck")).toMatchObject({ attempt: 2, taken: true });
  expect(driver.eventsTo(client)).toMatchObject([{ outcome: { output: { data: 2 } } }]);
});

it("a result that comes twice is taken once, and acknowledged twice", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  driver.submit(driver.client(), planOf("p"));
  const assigned = driver.take(worker, "AssignPlan");
  driver.holdsWrites = true;
  driver.receive(worker, resultMessage(assigned, json(1)));
  driver.receive(worker, resultMessage(assigned, json(1)));
  expect(driver.typesTo(worker)).toEqual([]);
  driver.answerWrites();
  expect(driver.take(worker, "ResultAck")).toMatchObject({ taken: true });
  expect(driver.take(worker, "ResultAck")).toMatchObject({ taken: false });
});

it("a result for a plan that nobody knows is acknowledged, so that the worker can forget it", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const result = { ...json(1) };
  driver.receive(worker, {
    type: "PlanResult",
    worker_id: "w",
    plan_id: "ghost",
    attempt: 3,
    result,
  });
  expect(driver.take(worker, "ResultAck")).toEqual({
    type: "ResultAck",
    id: "ghost",
    attempt: 3,
    taken: false,
  });
});

it("a worker can't answer for an attempt that another one has", () => {
  const driver = new CoordinatorDriver();
  const a = driver.worker("a");
  const b = driver.worker("b");
  driver.submit(driver.client(), planOf("p"));
  const assigned = driver.take(a, "AssignPlan");
  driver.receive(b, resultMessage(assigned, json(1)));
  expect(driver.take(b, "ResultAck")).toMatchObject({ taken: false });
  expect(driver.core.state.executions.get("p")?.outcome).toBeUndefined();
});

it("a peer that announced something, but no attempts, answers without a number and is believed", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w", ["f"], { features: ["batch", "bindings"] });
  driver.submit(client, planOf("p"), { watch: true, only_outcome: true });
  const { plan } = driver.take(worker, "AssignPlan");
  driver.receive(worker, {
    type: "PlanResult",
    worker_id: "w",
    plan_id: plan.plan_id,
    result: json(1),
  });
  expect(driver.eventsTo(client)).toMatchObject([{ outcome: { status: "Succeeded" } }]);
  driver.expectNothingMoreFor(worker);
});

it("a failure's code, node, cause, details and hint reach whoever submitted", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"), { watch: true, only_outcome: true });
  const about = {
    code: "INPUT_INVALID",
    retryable: false,
    node_id: "f",
    cause: { message: "no" },
    details: { nodeId: "f", issues: [] },
    hint: "send a number",
  };
  const failed = { status: "Failed", error: "bad input", duration_ms: 3, ...about } as const;
  driver.receive(worker, resultMessage(driver.take(worker, "AssignPlan"), failed));
  expect(driver.eventsTo(client)).toMatchObject([
    { outcome: { status: "Failed", error: { message: "bad input", ...about } } },
  ]);
});

it("states come back from a fit alone", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  const states = { f: { type: "Json", data: 7 } } as const;
  const result = success({ type: "Empty" }, states);
  driver.submit(client, planOf("fit", { mode: { Fit: { y: null } } }), {
    watch: true,
    only_outcome: true,
  });
  driver.receive(worker, resultMessage(driver.take(worker, "AssignPlan"), result));
  driver.submit(client, planOf("forward"), { watch: true, only_outcome: true });
  driver.receive(worker, resultMessage(driver.take(worker, "AssignPlan"), result));
  expect(driver.eventsTo(client)).toMatchObject([
    { outcome: { states } },
    { outcome: { states: {} } },
  ]);
  expect(driver.eventsTo(client)[1]).toHaveProperty("outcome.states", {});
});

it("a plan that nobody cancelled and whose worker stopped it is Cancelled by that worker", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"), { watch: true, only_outcome: true });
  const cancelled = { status: "Cancelled", duration_ms: 1, stopped: true, how: "killed" } as const;
  driver.receive(worker, resultMessage(driver.take(worker, "AssignPlan"), cancelled));
  expect(driver.eventsTo(client)).toMatchObject([
    { outcome: { status: "Cancelled", stopped: true } },
  ]);
});

it("a message to a worker that can't be written fails the part, not the worker", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"), { watch: true, only_outcome: true });
  const message = driver.take(worker, "AssignPlan");
  driver.sendFailed(worker, message, "MESSAGE_TOO_LARGE");
  expect(driver.eventsTo(client)).toMatchObject([
    { outcome: { status: "Failed", error: { code: "MESSAGE_TOO_LARGE" } } },
  ]);
  driver.submit(client, planOf("q"));
  driver.take(worker, "AssignPlan");
});

it("a worker that comes back after a lost connection has its attempt, and one that lost it is given it anew at no cost", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  driver.submit(driver.client(), planOf("p"));
  driver.take(worker, "AssignPlan");
  driver.disconnect(worker);
  const back = driver.connect();
  const resume = [{ plan_id: "p", attempt: 1, state: "running" } as const];
  driver.receive(back, registerMessage("w", ["f"], { resume }));
  driver.take(back, "Registered");
  driver.expectNothingMoreFor(back);
  driver.disconnect(back);
  const again = driver.connect();
  driver.receive(again, registerMessage("w", ["f"], { resume: [] }));
  expect(driver.take(again, "AssignPlan")).toMatchObject({ attempt: 2 });
});

function heartbeat(driver: CoordinatorDriver, worker: ReturnType<CoordinatorDriver["connect"]>) {
  driver.heartbeat(worker);
  driver.take(worker, "HeartbeatAck");
}
