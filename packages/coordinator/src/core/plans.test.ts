import { expect, it } from "vitest";
import {
  CoordinatorDriver,
  execute,
  planOf,
  registerMessage,
  resultMessage,
  success,
} from "../testing/coordinator-driver.js";

it("a plan goes to a worker that offers its filter, and its result to who submitted it", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.submit(client, planOf("p"), { watch: true });
  expect(driver.take(client, "Accepted")).toMatchObject({
    plan_id: "p",
    existing: false,
    history_id: "h1",
  });
  const assigned = driver.take(worker, "AssignPlan");
  expect(assigned).toMatchObject({ attempt: 1, plan: { plan_id: "p" } });
  driver.answer(worker, assigned, 2);
  expect(driver.take(worker, "ResultAck")).toEqual({
    type: "ResultAck",
    id: "p",
    attempt: 1,
    taken: true,
  });
  const kinds = driver.sent.flatMap(({ message }) =>
    message.type === "PlanEvent" ? [message.event.kind] : [],
  );
  expect(kinds).toEqual(["Accepted", "AttemptStarted", "Finished"]);
});

it("nothing is told before it is written, and a submission goes with its first assignment in one write", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.holdsWrites = true;
  driver.submit(client, planOf("p"));
  expect(driver.sent).toEqual([]);
  expect(driver.writes.map(({ content }) => content.changes.map(({ type }) => type))).toEqual([
    ["accept", "assign"],
  ]);
  driver.answerWrites();
  const assigned = driver.take(worker, "AssignPlan");
  driver.take(client, "Accepted");
  driver.answer(worker, assigned, 2);
  expect(driver.typesTo(worker)).toEqual([]);
  expect(driver.writes.map(({ content }) => content.changes.map(({ type }) => type))).toEqual([
    ["takeResult", "finish"],
  ]);
  driver.answerWrites();
  expect(driver.typesTo(worker)).toEqual(["ResultAck"]);
});

it("a submission that can't be written is refused, and its slot is free", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.holdsWrites = true;
  driver.submit(client, planOf("p"));
  driver.answerWrites({ type: "failed", reason: "disk full" });
  expect(driver.take(client, "Error")).toMatchObject({ code: "STORE_UNAVAILABLE", request_id: 1 });
  expect(driver.typesTo(worker)).toEqual([]);
  driver.holdsWrites = false;
  driver.submit(client, planOf("q"));
  driver.take(worker, "AssignPlan");
});

it("plans wait for a slot in the order in which they came", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  for (const id of ["a", "b", "c"]) driver.submit(client, planOf(id));
  const worker = driver.worker("w");
  const order: string[] = [];
  for (let i = 0; i < 3; i++) {
    const assigned = driver.take(worker, "AssignPlan");
    order.push(assigned.plan.plan_id);
    driver.answer(worker, assigned, i);
  }
  expect(order).toEqual(["a", "b", "c"]);
});

it("a lost worker's plan is tried elsewhere, under a new attempt, and its late result changes nothing", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const first = driver.worker("a");
  driver.submit(client, planOf("p"));
  const assigned = driver.take(first, "AssignPlan");
  driver.disconnect(first);
  const second = driver.worker("b");
  expect(driver.typesTo(second)).toEqual([]);
  driver.passTime(20_000);
  driver.receive(second, { type: "Heartbeat", worker_id: "b", load });
  driver.passTime(11_000);
  const again = driver.sent.find(({ message }) => message.type === "AssignPlan");
  expect(again?.message).toMatchObject({ attempt: 2 });
  const returned = driver.connect();
  driver.receive(returned, registerMessage("a"));
  driver.receive(
    returned,
    resultMessage(assigned, { status: "Success", output: { type: "Empty" }, duration_ms: 1 }),
  );
  expect(driver.take(returned, "ResultAck")).toMatchObject({ attempt: 1, taken: false });
});
const load = {
  cpu_usage: 0,
  memory_usage: 0,
  gpu_usage: [],
  active_plans: 0,
  queue_depth: 0,
  timestamp: "2026-01-02T03:04:05Z",
};

it("a worker that comes back within its lease goes on with what it holds", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const first = driver.worker("a");
  driver.submit(client, planOf("p"));
  const assigned = driver.take(first, "AssignPlan");
  driver.disconnect(first);
  driver.passTime(5_000);
  const again = driver.connect();
  const resume = [{ plan_id: "p", attempt: 1, state: "running" }] as const;
  driver.receive(again, registerMessage("a", ["f"], { resume: [...resume] }));
  driver.answer(again, assigned, 7);
  expect(driver.take(again, "ResultAck")).toMatchObject({ attempt: 1, taken: true });
});

it("a plan of an inherited worker is walked here, one node at a time", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const old = driver.inherited("old");
  const filters = ["a", "b"].map((node_id) => ({ node_id, pickled_filter: "AAEC" }));
  driver.submit(client, {
    plan_id: "p",
    plan: { Parallel: [execute("a"), execute("b")] },
    input: { source: "Inline", value: { type: "Json", data: 1 } },
    filters,
    metadata: {},
  });
  const a = driver.take(old, "AssignPlan");
  expect(a).toMatchObject({ plan: { plan_id: "p/0#:forward", plan: execute("a") } });
  expect(a).not.toHaveProperty("attempt");
  driver.answer(old, a, "A");
  const b = driver.take(old, "AssignPlan");
  driver.answer(old, b, "B");
  driver.receive(client, { type: "Get", request_id: 9, plan_id: "p" });
  expect(driver.take(client, "Got")).toMatchObject({
    outcome: {
      status: "Succeeded",
      output: {
        type: "Record",
        data: [
          ["a", { type: "Json", data: "A" }],
          ["b", { type: "Json", data: "B" }],
        ],
      },
    },
  });
});

it("a cancel stops what runs, and the slot is free when the worker says so", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("a");
  driver.submit(client, planOf("p"));
  driver.submit(client, planOf("q"));
  const assigned = driver.take(worker, "AssignPlan");
  driver.receive(client, { type: "Cancel", request_id: 5, plan_id: "p" });
  expect(driver.take(client, "CancelAnswer")).toMatchObject({ taken: true, state: "Cancelling" });
  expect(driver.typesTo(worker)).toEqual(["CancelPlan"]);
  driver.receive(
    worker,
    resultMessage(assigned, { status: "Cancelled", duration_ms: 1, stopped: true }),
  );
  expect(driver.take(worker, "AssignPlan")).toMatchObject({ plan: { plan_id: "q" } });
});

it("an acceptance may wait for company only where its client says so", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.submit(client, planOf("a"));
  driver.submit(client, planOf("b"), { accepted_may_wait: true });
  const accepted = driver.sent.filter(({ message }) => message.type === "Accepted");
  expect(accepted.map(({ mayWait }) => mayWait)).toEqual([false, true]);
});

it("a plan whose parts' results grow beyond what may live fails, and says so", () => {
  const driver = new CoordinatorDriver({ settings: { maxLiveBytes: 1_000 } });
  const worker = driver.worker("w");
  const client = driver.client();
  const at = (node_id: string) => ({
    Remote: { node_id: `at-${node_id}`, target: { WorkerId: "w" }, plan: execute(node_id) },
  });
  const bindings = ["f", "g"].map((node_id) => ({ node_id, uses: "f" }));
  const plan = { Sequence: [at("f"), execute("g")] };
  driver.submit(client, planOf("p", { plan, bindings }), { watch: true });
  const assigned = driver.take(worker, "AssignPlan");
  driver.receive(worker, resultMessage(assigned, success({ type: "Json", data: 1 })), 2_000);
  expect(driver.eventsTo(client).at(-1)).toMatchObject({
    outcome: { status: "Failed", error: { code: "MESSAGE_TOO_LARGE", details: { limit: 1_000 } } },
  });
});
