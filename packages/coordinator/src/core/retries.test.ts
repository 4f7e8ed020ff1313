import type { ConnectionId, MessageOf, PlanPolicy, PlanResult } from "@planwire/protocol";
import { expect, it } from "vitest";
import {
  CoordinatorDriver,
  execute,
  planOf,
  resultMessage,
  success,
} from "../testing/coordinator-driver.js";

const json = (data: number) => success({ type: "Json", data });
const failed = (code: string, retryable: boolean): PlanResult => ({
  status: "Failed",
  error: "no",
  duration_ms: 1,
  code,
  retryable,
});
const RETRYABLE = failed("FILTER_ERROR", true);

function submitted(policy: PlanPolicy = {}, driver = new CoordinatorDriver()) {
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p", { policy }), { watch: true });
  return { driver, client, worker };
}

function fail(driver: CoordinatorDriver, worker: ConnectionId, result: PlanResult = RETRYABLE) {
  const assigned = driver.take(worker, "AssignPlan");
  driver.receive(worker, resultMessage(assigned, result));
  return { assigned, ack: driver.take(worker, "ResultAck") };
}

/** How long the part waits for its next try. */
function waitOf(driver: CoordinatorDriver): number | undefined {
  const [first] = driver.core.state.backoffs;
  return first && first.at - driver.mono;
}

function outcomeTo(driver: CoordinatorDriver, client: ConnectionId) {
  const finished = driver.eventsTo(client).find((event) => event.kind === "Finished");
  return finished?.kind === "Finished" ? finished.outcome : undefined;
}

function explain(driver: CoordinatorDriver, client: ConnectionId): readonly string[] {
  driver.receive(client, { type: "Explain", request_id: 9, plan_id: "p" });
  return driver.take(client, "Explained").reasons;
}

it("a failure that says so is tried again after a wait, and its result is not taken", () => {
  const { driver, client, worker } = submitted();
  const { ack } = fail(driver, worker);
  expect(ack).toMatchObject({ id: "p", attempt: 1, taken: false });
  expect(driver.typesTo(worker)).toEqual([]);
  driver.passTime(1_000);
  const assigned = driver.take(worker, "AssignPlan");
  expect(assigned.attempt).toBe(2);
  driver.receive(worker, resultMessage(assigned, json(2)));
  expect(driver.take(worker, "ResultAck")).toMatchObject({ attempt: 2, taken: true });
  expect(driver.eventsTo(client)).toMatchObject([
    { kind: "Accepted" },
    { kind: "AttemptStarted", attempt: 1 },
    { kind: "AttemptLost", attempt: 1, reason: "FILTER_ERROR: no" },
    { kind: "AttemptStarted", attempt: 2 },
    { kind: "Finished", outcome: { status: "Succeeded", attempts: 2 } },
  ]);
});

it("a filter's own error is the plan's end, unless it or the plan says otherwise", () => {
  const plain = submitted();
  fail(plain.driver, plain.worker, failed("FILTER_ERROR", false));
  expect(outcomeTo(plain.driver, plain.client)).toMatchObject({ error: { code: "FILTER_ERROR" } });

  const named = submitted({ retry_codes: ["OTHER", "FILTER_ERROR"] });
  fail(named.driver, named.worker, failed("FILTER_ERROR", false));
  expect(outcomeTo(named.driver, named.client)).toBeUndefined();
});

it("the last try's failure is the plan's", () => {
  const { driver, client, worker } = submitted({ max_attempts: 2, backoff_ms: 10 });
  fail(driver, worker);
  driver.passTime(10);
  const { ack } = fail(driver, worker);
  expect(ack).toMatchObject({ attempt: 2, taken: true });
  expect(outcomeTo(driver, client)).toMatchObject({
    status: "Failed",
    attempts: 2,
    error: { code: "FILTER_ERROR", message: "no", retryable: true },
  });
});

it("max_attempts of 1 means no second try, also where a worker is lost", () => {
  const { driver, client, worker } = submitted({ max_attempts: 1 });
  driver.receive(worker, { type: "Started", plan_id: "p", attempt: 1 });
  driver.disconnect(worker);
  driver.passTime(40_000);
  expect(outcomeTo(driver, client)).toMatchObject({ error: { code: "WORKER_LOST" } });
});

it("waits double up to the most, each shortened by up to half, and the same for the same attempt", () => {
  const waits = () => {
    const policy = { max_attempts: 8, backoff_ms: 100, backoff_max_ms: 800 };
    const { driver, worker } = submitted(policy);
    return [100, 200, 400, 800, 800, 800].map((full) => {
      fail(driver, worker);
      const wait = waitOf(driver) ?? NaN;
      expect(wait).toBeGreaterThanOrEqual(full / 2);
      expect(wait).toBeLessThanOrEqual(full);
      driver.passTime(wait);
      return wait;
    });
  };
  const once = waits();
  expect(waits()).toEqual(once);
  expect(new Set(once.map((wait, i) => wait / Math.min(800, 100 * 2 ** i))).size).toBeGreaterThan(
    3,
  );
});

it("a policy that asks for a longer first wait than the coordinator's most has it", () => {
  const { driver, worker } = submitted({ backoff_ms: 300_000 });
  fail(driver, worker);
  expect(waitOf(driver)).toBeGreaterThanOrEqual(150_000);
});

it("explain says how long it waits, for which try, and after what", () => {
  const { driver, client, worker } = submitted({ max_attempts: 5, backoff_ms: 4_000 });
  fail(driver, worker);
  const seconds = ((waitOf(driver) ?? 0) / 1000).toFixed(1);
  expect(explain(driver, client)).toEqual([
    `it waits ${seconds} s before try 2 of 5 after FILTER_ERROR: no`,
  ]);
});

it("another worker is preferred to the one where it failed", () => {
  const { driver, worker } = submitted();
  const other = driver.worker("x");
  fail(driver, worker);
  driver.passTime(1_000);
  expect(driver.typesTo(worker)).toEqual([]);
  expect(driver.take(other, "AssignPlan").attempt).toBe(2);
});

it("a cancel ends the wait, and the part is not tried again", () => {
  const { driver, client, worker } = submitted();
  fail(driver, worker);
  driver.receive(client, { type: "Cancel", request_id: 2, plan_id: "p" });
  expect(outcomeTo(driver, client)).toMatchObject({ status: "Cancelled" });
  driver.passTime(5_000);
  expect(driver.typesTo(worker)).toEqual([]);
});

it("what fails while it is being stopped is not tried again", () => {
  const { driver, client, worker } = submitted();
  const assigned = driver.take(worker, "AssignPlan");
  driver.receive(client, { type: "Cancel", request_id: 2, plan_id: "p" });
  driver.receive(worker, resultMessage(assigned, RETRYABLE));
  expect(driver.take(worker, "ResultAck").taken).toBe(true);
  expect(outcomeTo(driver, client)).toMatchObject({ error: { code: "FILTER_ERROR" } });
});

it("a part of a plan is tried again, while its neighbours go on", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const at = (node_id: string, tag: string) => ({
    Remote: { node_id: `at-${tag}`, target: { WorkerId: tag }, plan: execute(node_id) },
  });
  const [a, b] = [driver.worker("a"), driver.worker("b")];
  const bindings = ["f", "g"].map((node_id) => ({ node_id, uses: "f" }));
  const plan = planOf("p", { plan: { Parallel: [at("f", "a"), at("g", "b")] }, bindings });
  driver.submit(client, plan, { watch: true });
  const neighbour = driver.take(b, "AssignPlan");
  fail(driver, a);
  driver.receive(b, resultMessage(neighbour, json(2)));
  driver.passTime(1_000);
  const again = driver.take(a, "AssignPlan");
  expect(again.attempt).toBe(2);
  driver.receive(a, resultMessage(again, json(1)));
  expect(outcomeTo(driver, client)).toMatchObject({ status: "Succeeded", attempts: 3 });
});

it("a restart forgets neither the tries nor the wait", async () => {
  const { driver: before, worker } = submitted({ max_attempts: 3, backoff_ms: 2_000 });
  fail(before, worker);
  before.passTime(2_000);
  fail(before, worker);
  const driver = await before.restarted();
  const wait = waitOf(driver) ?? 0;
  expect(wait).toBeGreaterThanOrEqual(2_000);
  const after = driver.worker("y");
  driver.passTime(wait - 1);
  expect(driver.typesTo(after)).toEqual([]);
  driver.passTime(1);
  fail(driver, after);
  expect((await driver.store.get("p"))?.outcome).toMatchObject({ error: { code: "FILTER_ERROR" } });
});

it("a wait that a clock set back would make longer than any is cut to the longest", async () => {
  const { driver: before, worker } = submitted({ backoff_ms: 1_000, backoff_max_ms: 2_000 });
  fail(before, worker);
  const driver = await before.restarted({ wallAhead: -900_000 });
  expect(waitOf(driver)).toBe(2_000);
});

it("an end for want of tries stands after a restart that came before it was told", async () => {
  const { driver: before, worker } = submitted({ max_attempts: 1 });
  const assigned = before.take(worker, "AssignPlan");
  before.holdsWrites = true;
  before.receive(worker, resultMessage(assigned, RETRYABLE));
  before.holdsWrites = false;
  before.answerWrites();
  const driver = await before.restarted();
  expect(driver.core.state.executions.get("p")).toBeUndefined();
  expect((await driver.store.get("p"))?.outcome).toMatchObject({ status: "Failed" });
});

it("parts that wait for their next try count towards a full queue", () => {
  const driver = new CoordinatorDriver({ settings: { maxQueued: 1 } });
  const { client, worker } = submitted({ backoff_ms: 60_000 }, driver);
  fail(driver, worker);
  driver.submit(client, planOf("q"), { request_id: 2 });
  // Whether it was accepted before, the store knows.
  expect(driver.others.map(({ type }) => type)).toContain("load");
});

it("a failure of a stream is its end", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  const stream = { type: "StreamBegin", stream_id: "s", plan_id: "p" } as const;
  driver.receive(client, { ...stream, plan: planOf("p"), credit: { bytes: 9, chunks: 9 } });
  const begun: MessageOf<"StreamBegin"> = driver.take(worker, "StreamBegin");
  const about = { stream_id: begun.stream_id, plan_id: "p", attempt: 1 };
  driver.receive(worker, { type: "StreamAccepted", ...about, credit: { bytes: 9, chunks: 9 } });
  driver.receive(worker, { type: "StreamComplete", stream_id: "s", result: RETRYABLE });
  expect(driver.take(client, "StreamComplete").result).toMatchObject({ status: "Failed" });
  expect(driver.core.state.backoffs).toEqual([]);
});
