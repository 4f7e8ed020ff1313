import type { ConnectionId, PlanPolicy } from "@planwire/protocol";
import { expect, it } from "vitest";
import {
  CoordinatorDriver,
  planOf,
  resultMessage,
  success,
} from "../testing/coordinator-driver.js";

const ok = success({ type: "Json", data: 1 });
const CRASH = {
  status: "Failed",
  error: "its thread died",
  duration_ms: 1,
  code: "WORKER_CRASH",
  retryable: true,
} as const;
const LEASE_MS = 31_000;

function outcomeOf(driver: CoordinatorDriver, planId: string) {
  return driver.core.state.executions.get(planId)?.outcome;
}

function submit(driver: CoordinatorDriver, ids: readonly string[], policy: PlanPolicy = {}): void {
  const client = driver.client();
  for (const [i, id] of ids.entries())
    driver.submit(client, planOf(id, { policy }), { request_id: i });
}

/** Takes an assignment and says that it has begun. */
function start(driver: CoordinatorDriver, worker: ConnectionId) {
  const assigned = driver.take(worker, "AssignPlan");
  const { plan, attempt = 0 } = assigned;
  driver.receive(worker, { type: "Started", plan_id: plan.plan_id, attempt });
  return assigned;
}

/** Its process is gone: nobody comes back within the lease. */
function kill(driver: CoordinatorDriver, worker: ConnectionId): void {
  driver.disconnect(worker);
  driver.passTime(LEASE_MS);
}

it("three dead isolates are the plan's end, with each death by name", () => {
  const driver = new CoordinatorDriver();
  submit(driver, ["p"]);
  const worker = driver.worker("w");
  for (const attempt of [1, 2, 3]) {
    driver.receive(worker, resultMessage(start(driver, worker), CRASH));
    expect(driver.take(worker, "ResultAck")).toMatchObject({ attempt, taken: attempt === 3 });
    driver.passTime(4_000);
  }
  const reason = "WORKER_CRASH: its thread died";
  expect(outcomeOf(driver, "p")).toMatchObject({
    status: "Failed",
    attempts: 3,
    error: {
      code: "POISON_PLAN",
      retryable: false,
      details: {
        partId: "p",
        deaths: [1, 2, 3].map((attempt) => ({ attempt, workerId: "w", what: "isolate", reason })),
      },
    },
  });
});

it("isolates and workers count alike, on whichever workers", () => {
  const driver = new CoordinatorDriver();
  submit(driver, ["p"]);
  const [a, b] = [driver.worker("a"), driver.worker("b")];
  driver.receive(a, resultMessage(start(driver, a), CRASH));
  driver.passTime(1_000);
  start(driver, b);
  kill(driver, b);
  driver.passTime(4_000);
  const c = driver.worker("c");
  driver.passTime(4_000);
  start(driver, c);
  kill(driver, c);
  expect(outcomeOf(driver, "p")).toMatchObject({
    error: {
      code: "POISON_PLAN",
      details: {
        deaths: [
          { attempt: 1, workerId: "a", what: "isolate" },
          { attempt: 2, workerId: "b", what: "worker", reason: "its lease ran out" },
          { attempt: 3, workerId: "c", what: "worker" },
        ],
      },
    },
  });
});

it("what had not begun costs neither blame nor a try, and is made up for at once", () => {
  const driver = new CoordinatorDriver();
  submit(driver, ["p"], { max_attempts: 1 });
  for (const id of ["a", "b", "c"]) {
    const worker = driver.worker(id);
    driver.take(worker, "AssignPlan");
    kill(driver, worker);
  }
  const worker = driver.worker("w");
  driver.receive(worker, resultMessage(driver.take(worker, "AssignPlan"), ok));
  expect(outcomeOf(driver, "p")).toMatchObject({ status: "Succeeded", attempts: 4 });
});

it("but what its worker dies of each time before it can say so is found out", () => {
  const driver = new CoordinatorDriver();
  submit(driver, ["p"]);
  for (let i = 1; i <= 6; i++) {
    const worker = driver.worker(`w${i}`);
    driver.take(worker, "AssignPlan");
    kill(driver, worker);
    driver.passTime(4_000);
  }
  expect(outcomeOf(driver, "p")).toMatchObject({ error: { code: "POISON_PLAN" }, attempts: 6 });
});

it("a worker that leaves costs a try, and is no death", () => {
  const driver = new CoordinatorDriver();
  submit(driver, ["p"], { max_attempts: 4 });
  for (let i = 1; i <= 4; i++) {
    const worker = driver.worker(`w${i}`);
    start(driver, worker);
    driver.step({ type: "connectionClosed", conn: worker, reason: "leaving" });
  }
  expect(outcomeOf(driver, "p")).toMatchObject({ error: { code: "WORKER_LOST" } });
});

it("on an inherited peer every attempt counts as begun", () => {
  const driver = new CoordinatorDriver();
  const filters = [{ node_id: "f", pickled_filter: "gA==" }];
  driver.submit(driver.client(), planOf("p", { bindings: [], filters }));
  for (let i = 1; i <= 3; i++) {
    const old = driver.inherited(`old${i}`);
    driver.passTime(4_000);
    driver.take(old, "AssignPlan");
    driver.disconnect(old);
  }
  expect(outcomeOf(driver, "p")).toMatchObject({ error: { code: "POISON_PLAN" } });
});

const TWO_SLOTS = { max_concurrent: 2 };

/** Two plans whose worker died while both ran, and a waiting third one. */
function withSuspects() {
  const driver = new CoordinatorDriver();
  submit(driver, ["p", "q"]);
  const worker = driver.worker("w", ["f"], TWO_SLOTS);
  start(driver, worker);
  start(driver, worker);
  kill(driver, worker);
  driver.passTime(1_000);
  return driver;
}

it("of several that a worker may have died of each runs alone on its next try", () => {
  const driver = withSuspects();
  submit(driver, ["third"]);
  const worker = driver.worker("x", ["f"], TWO_SLOTS);
  for (const id of ["p", "q"]) {
    const suspect = start(driver, worker);
    expect(suspect.plan.plan_id).toBe(id);
    expect(driver.typesTo(worker)).not.toContain("AssignPlan");
    driver.receive(worker, resultMessage(suspect, ok));
  }
  expect(driver.take(worker, "AssignPlan").plan.plan_id).toBe("third");
  submit(driver, ["fourth"]);
  expect(driver.take(worker, "AssignPlan").plan.plan_id).toBe("fourth");
});

it("one that ran alone is a suspect no more, however that ended", () => {
  const driver = withSuspects();
  const worker = driver.worker("x", ["f"], TWO_SLOTS);
  driver.receive(worker, resultMessage(start(driver, worker), CRASH));
  driver.receive(worker, resultMessage(start(driver, worker), ok));
  driver.passTime(4_000);
  submit(driver, ["new"]);
  const both = [start(driver, worker), start(driver, worker)].map(({ plan }) => plan.plan_id);
  expect(both).toEqual(["p", "new"]);
});

it("a suspect that waits is not overtaken for ever: its worker runs dry, and it runs", () => {
  const driver = new CoordinatorDriver();
  submit(driver, ["p", "q"]);
  const worker = driver.worker("w", ["f"], TWO_SLOTS);
  const busy = driver.worker("x", ["f"], { ...TWO_SLOTS, status: "draining" });
  start(driver, worker);
  start(driver, worker);
  submit(driver, ["long", "more", "yet"]);
  driver.heartbeat(busy, { status: "ready" });
  const [long, more] = [start(driver, busy), start(driver, busy)];
  for (let i = 0; i < 4; i++) {
    if (i === 0) driver.disconnect(worker);
    driver.passTime(8_000);
    driver.heartbeat(busy);
  }
  // It has a slot, and must not fill it.
  driver.receive(busy, resultMessage(more, ok));
  expect(driver.typesTo(busy)).not.toContain("AssignPlan");
  driver.receive(busy, resultMessage(long, ok));
  // Whichever of both had waited long enough first.
  expect(["p", "q"]).toContain(driver.take(busy, "AssignPlan").plan.plan_id);
  expect(driver.typesTo(busy)).not.toContain("AssignPlan");
});

it("explain says for what a suspect waits", () => {
  const driver = withSuspects();
  const client = driver.client();
  const worker = driver.worker("x", ["f"], TWO_SLOTS);
  start(driver, worker);
  driver.receive(client, { type: "Explain", request_id: 1, plan_id: "q" });
  expect(driver.take(client, "Explained").reasons).toEqual([
    'it waits for a worker to itself, because it may be why "w" was lost: its lease ran out',
  ]);
});

it("a suspect that is given back, or never arrived, is still to run alone", () => {
  const driver = withSuspects();
  const worker = driver.worker("x", ["f"], TWO_SLOTS);
  const { plan, attempt = 0 } = driver.take(worker, "AssignPlan");
  driver.receive(worker, { type: "Busy", plan_id: plan.plan_id, attempt });
  driver.receive(driver.client(), { type: "Cancel", request_id: 3, plan_id: "q" });
  submit(driver, ["other"]);
  driver.heartbeat(worker);
  expect(driver.take(worker, "AssignPlan").plan.plan_id).toBe("p");
  expect(driver.typesTo(worker)).not.toContain("AssignPlan");
});

it("a worker on which a call goes on that could not be stopped is not empty", () => {
  const driver = withSuspects();
  const worker = driver.worker("x", ["f"], { ...TWO_SLOTS, status: "draining" });
  driver.heartbeat(worker, { status: "ready", other_slots: 1 });
  expect(driver.typesTo(worker)).not.toContain("AssignPlan");
  driver.heartbeat(worker, { status: "ready" });
  expect(driver.take(worker, "AssignPlan").plan.plan_id).toBe("p");
});

it("a cancelled suspect lets go of the worker that was kept for it", () => {
  const driver = new CoordinatorDriver();
  submit(driver, ["p", "q", "long"]);
  const other = driver.worker("x", ["f"], { ...TWO_SLOTS, status: "draining" });
  const worker = driver.worker("w", ["f"], TWO_SLOTS);
  start(driver, worker);
  start(driver, worker);
  driver.heartbeat(other, { status: "ready" });
  start(driver, other);
  driver.disconnect(worker);
  for (let i = 0; i < 4; i++) {
    driver.passTime(8_000);
    driver.heartbeat(other);
  }
  submit(driver, ["new"]);
  expect(driver.typesTo(other)).not.toContain("AssignPlan");
  const client = driver.client();
  for (const plan_id of ["p", "q"])
    driver.receive(client, { type: "Cancel", request_id: 3, plan_id });
  expect(driver.take(other, "AssignPlan").plan.plan_id).toBe("new");
});

it("a restart forgets neither deaths nor suspicion, nor what is known to have begun", async () => {
  const before = withSuspects();
  const worker = before.worker("x", ["f"], TWO_SLOTS);
  start(before, worker);
  before.passTime(2_000); // by then it is on disk that it has begun
  const driver = await before.restarted();
  driver.passTime(LEASE_MS);
  const p = driver.core.state.executions.get("p")?.parts.get("p");
  expect(p?.setbacks?.deaths).toMatchObject([
    { attempt: 1, workerId: "w", what: "worker" },
    { attempt: 2, workerId: "x", what: "worker" },
  ]);
  const next = driver.worker("y", ["f"], TWO_SLOTS);
  driver.passTime(4_000);
  expect(start(driver, next).plan.plan_id).toBe("q");
  expect(driver.typesTo(next)).not.toContain("AssignPlan");
});

it("a suspect that runs while the coordinator restarts still has its worker to itself", async () => {
  const before = withSuspects();
  before.receive(before.client(), { type: "Cancel", request_id: 3, plan_id: "q" });
  const worker = before.worker("x", ["f"], TWO_SLOTS);
  start(before, worker);
  const driver = await before.restarted();
  const resume = [{ plan_id: "p", attempt: 2, state: "running" } as const];
  const back = driver.worker("x", ["f"], { ...TWO_SLOTS, resume });
  submit(driver, ["new"]);
  expect(driver.typesTo(back)).not.toContain("AssignPlan");
});
