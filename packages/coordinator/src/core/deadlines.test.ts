import type { ConnectionId, PlanPolicy } from "@planwire/protocol";
import { expect, it } from "vitest";
import {
  CoordinatorDriver,
  planOf,
  resultMessage,
  success,
} from "../testing/coordinator-driver.js";

const json = (data: number) => success({ type: "Json", data });
const EXCEEDED = {
  status: "Failed",
  error: {
    code: "DEADLINE_EXCEEDED",
    message: "it did not end within 5000 ms",
    details: { timeoutMs: 5_000 },
  },
};

function outcomeTo(driver: CoordinatorDriver, client: ConnectionId) {
  const finished = driver.eventsTo(client).find((event) => event.kind === "Finished");
  return finished?.kind === "Finished" ? finished.outcome : undefined;
}

function submitted(policy: PlanPolicy = { timeout_ms: 5_000 }, driver = new CoordinatorDriver()) {
  const client = driver.client();
  driver.submit(client, planOf("p", { policy }), { watch: true });
  return { driver, client };
}

it("what still waits when its time is over fails with DEADLINE_EXCEEDED", () => {
  const { driver, client } = submitted();
  driver.passTime(4_999);
  expect(outcomeTo(driver, client)).toBeUndefined();
  driver.passTime(1);
  expect(outcomeTo(driver, client)).toMatchObject(EXCEEDED);
  expect(driver.core.state.queued).toBe(0);
  expect(driver.core.state.deadlines).toEqual([]);
});

it("a deadline that comes after a later one is looked at in its time", () => {
  const { driver, client } = submitted({ timeout_ms: 60_000 });
  driver.submit(client, planOf("soon", { policy: { timeout_ms: 3_000 } }), { request_id: 2 });
  driver.passTime(3_000);
  expect(driver.core.state.executions.get("soon")?.outcome?.status).toBe("Failed");
});

it("what runs is stopped, and its slot is free when its worker says so", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const { client } = submitted({ timeout_ms: 5_000 }, driver);
  const assigned = driver.take(worker, "AssignPlan");
  driver.submit(client, planOf("next"), { request_id: 2 });
  driver.passTime(5_000);
  expect(driver.take(worker, "CancelPlan")).toMatchObject({ plan_id: "p", attempt: 1 });
  expect(outcomeTo(driver, client)).toBeUndefined();
  expect(driver.typesTo(worker)).not.toContain("AssignPlan");
  const how = { status: "Cancelled", duration_ms: 1, stopped: true, how: "killed" } as const;
  driver.receive(worker, resultMessage(assigned, how));
  expect(outcomeTo(driver, client)).toMatchObject(EXCEEDED);
  expect(driver.take(worker, "AssignPlan").plan.plan_id).toBe("next");
  expect(driver.eventsTo(client)).toContainEqual({ kind: "CancelRequested", by: "its deadline" });
});

it("a plan whose worker is lost in the very moment of its deadline is not tried again", () => {
  const driver = new CoordinatorDriver({ settings: { heartbeatTimeoutMs: 10_500 } });
  driver.worker("w");
  const { client } = submitted({ timeout_ms: 11_000 }, driver);
  driver.passTime(10_999);
  expect(driver.core.state.workers.size).toBe(1);
  driver.passTime(1);
  expect(driver.core.state.workers.size).toBe(0);
  expect(outcomeTo(driver, client)).toMatchObject({ error: { code: "DEADLINE_EXCEEDED" } });
});

it("a success that comes before the stop is the outcome", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const { client } = submitted({ timeout_ms: 5_000 }, driver);
  const assigned = driver.take(worker, "AssignPlan");
  driver.passTime(5_000);
  driver.receive(worker, resultMessage(assigned, json(3)));
  expect(outcomeTo(driver, client)).toMatchObject({ status: "Succeeded" });
});

it("a cancel that was wished before stays a cancel", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const { client } = submitted({ timeout_ms: 5_000 }, driver);
  const assigned = driver.take(worker, "AssignPlan");
  driver.receive(client, { type: "Cancel", request_id: 2, plan_id: "p", reason: "enough" });
  driver.passTime(5_000);
  driver.receive(worker, resultMessage(assigned, { status: "Cancelled", duration_ms: 1 }));
  expect(outcomeTo(driver, client)).toMatchObject({ status: "Cancelled", by: "enough" });
});

it("on a peer that can't stop it fails at once, and the slot stays taken", () => {
  const driver = new CoordinatorDriver();
  const old = driver.inherited("old");
  const client = driver.client();
  const filters = [{ node_id: "f", pickled_filter: "gA==" }];
  const policy = { timeout_ms: 5_000 };
  driver.submit(client, planOf("p", { bindings: [], filters, policy }), { watch: true });
  expect(driver.take(old, "AssignPlan").plan).not.toHaveProperty("policy");
  driver.passTime(5_000);
  expect(outcomeTo(driver, client)).toMatchObject(EXCEEDED);
  expect(driver.core.state.workers.get("old")?.held.size).toBe(1);
});

it("what waits for its next try is over, too", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const { client } = submitted({ timeout_ms: 5_000, backoff_ms: 60_000 }, driver);
  const error = { error: "no", code: "FILTER_ERROR", retryable: true } as const;
  const failed = { status: "Failed", duration_ms: 1, ...error } as const;
  driver.receive(worker, resultMessage(driver.take(worker, "AssignPlan"), failed));
  driver.passTime(5_000);
  expect(outcomeTo(driver, client)).toMatchObject(EXCEEDED);
  expect(driver.core.state.backoffs).toEqual([]);
});

it("a stream is over as a plan is", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const stream = { type: "StreamBegin", stream_id: "s", plan_id: "p" } as const;
  const plan = planOf("p", { policy: { timeout_ms: 5_000 } });
  driver.receive(client, { ...stream, plan, credit: { bytes: 9, chunks: 9 } });
  driver.passTime(5_000);
  expect(driver.take(client, "StreamComplete").result).toMatchObject({
    status: "Failed",
    code: "DEADLINE_EXCEEDED",
  });
});

it("a deadline that passed while the coordinator was away counts when it starts", async () => {
  const { driver: before } = submitted();
  const driver = await before.restarted({ wallAhead: 60_000 });
  driver.passTime(0);
  expect((await driver.store.get("p"))?.outcome).toMatchObject({
    error: { code: "DEADLINE_EXCEEDED" },
  });
});

it("a stop for its deadline goes on after a restart, and fails with DEADLINE_EXCEEDED then", async () => {
  const before = new CoordinatorDriver();
  const w = before.worker("w");
  submitted({ timeout_ms: 5_000 }, before);
  const assigned = before.take(w, "AssignPlan");
  before.passTime(5_000);
  const driver = await before.restarted();
  const resume = [{ plan_id: "p", attempt: 1, state: "running" } as const];
  const back = driver.worker("w", ["f"], { resume });
  expect(driver.take(back, "CancelPlan")).toMatchObject({ plan_id: "p", attempt: 1 });
  driver.receive(back, resultMessage(assigned, { status: "Cancelled", duration_ms: 1 }));
  expect((await driver.store.get("p"))?.outcome).toMatchObject({
    error: { code: "DEADLINE_EXCEEDED" },
  });
});

it("a deadline follows the wall clock when that is set while it is waited for", () => {
  const { driver, client } = submitted({ timeout_ms: 3_600_000 });
  driver.wallAhead += 3_600_000;
  driver.passTime(10_000);
  expect(outcomeTo(driver, client)).toMatchObject({ error: { code: "DEADLINE_EXCEEDED" } });

  const later = submitted({ timeout_ms: 5_000 });
  later.driver.wallAhead -= 60_000;
  later.driver.passTime(30_000);
  expect(outcomeTo(later.driver, later.client)).toBeUndefined();
  later.driver.passTime(45_000);
  expect(outcomeTo(later.driver, later.client)).toMatchObject(EXCEEDED);
});

it("what ended in time leaves no timer behind", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  submitted({ timeout_ms: 5_000 }, driver);
  driver.receive(worker, resultMessage(driver.take(worker, "AssignPlan"), json(1)));
  expect(driver.core.state.deadlines).toEqual([]);
});
