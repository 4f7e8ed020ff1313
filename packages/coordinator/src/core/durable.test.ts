import { expect, it } from "vitest";
import { CoordinatorDriver, execute, planOf } from "../testing/coordinator-driver.js";

const full = { type: "failed", reason: "disk full" } as const;
const changes = (driver: CoordinatorDriver) =>
  driver.writes.map(({ content }) => content.changes.map(({ type }) => type));

it("one write of an execution is under way at a time, and what comes meanwhile goes with the next", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.submit(client, planOf("p"));
  driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  driver.submit(client, planOf("q"));
  driver.holdsWrites = true;
  driver.receive(client, { type: "Cancel", request_id: 2, plan_id: "q" });
  driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  expect(changes(driver)).toEqual([["wishCancel"]]);
  driver.answerWrites();
  expect(changes(driver)).toEqual([["takeResult", "finish"]]);
  driver.answerWrites();
  expect(driver.writes).toEqual([]);
});

it("a result whose write fails is acknowledged when a later try lands, and not before", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.submit(client, planOf("p"), { watch: true, only_outcome: true });
  driver.holdsWrites = true;
  driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  driver.answerWrites(full);
  expect(driver.typesTo(worker)).toEqual([]);
  expect(driver.eventsTo(client)).toEqual([]);
  driver.passTime(2_000);
  expect(changes(driver)).toEqual([["takeResult", "finish"]]);
  driver.answerWrites();
  driver.take(worker, "ResultAck");
  expect(driver.eventsTo(client)).toMatchObject([{ kind: "Finished" }]);
});

it("everybody who waits for a submission that can't be written is answered", async () => {
  const driver = new CoordinatorDriver();
  const [first, second, third] = [driver.client(), driver.client(), driver.client()];
  driver.holdsWrites = true;
  driver.submit(first, planOf("p"), { request_id: 1, watch: true });
  driver.submit(second, planOf("p"), { request_id: 2, watch: true });
  driver.receive(third, { type: "Get", request_id: 3, plan_id: "p" });
  driver.receive(third, { type: "Cancel", request_id: 4, plan_id: "p" });
  driver.receive(third, { type: "Watch", request_id: 5, plan_id: "p" });
  driver.answerWrites(full);
  await driver.answerQuestions();
  const told = driver.sent.map(({ message }) =>
    message.type === "Error" ? [message.request_id, message.code] : [message.type],
  );
  expect(told).toHaveLength(5);
  for (const id of [1, 2]) expect(told).toContainEqual([id, "STORE_UNAVAILABLE"]);
  for (const id of [3, 4, 5]) expect(told).toContainEqual([id, "PLAN_UNKNOWN"]);
});

it("who asked about a plan while it was submitted again is told of the one that the store has", async () => {
  const driver = new CoordinatorDriver({ settings: { maxEnded: 0 } });
  const worker = driver.worker("w");
  const [first, second] = [driver.client(), driver.client()];
  driver.submit(first, planOf("p"));
  driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  driver.holdsWrites = true;
  driver.submit(first, planOf("p"), { request_id: 2 });
  driver.receive(second, { type: "Watch", request_id: 3, plan_id: "p" });
  driver.receive(second, { type: "Cancel", request_id: 4, plan_id: "p" });
  driver.answerWrites();
  await driver.answerQuestions();
  expect(driver.eventsTo(second).at(-1)).toMatchObject({ kind: "Finished" });
  expect(driver.take(second, "CancelAnswer")).toMatchObject({ taken: false, state: "Succeeded" });
});

it("a result that is not taken is acknowledged although the write that it waited for never landed", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  driver.holdsWrites = true;
  driver.submit(driver.client(), planOf("p", { bindings: [{ node_id: "f", uses: "f" }] }));
  const result = { status: "Success", output: { type: "Empty" }, duration_ms: 1 } as const;
  driver.receive(worker, { type: "PlanResult", worker_id: "w", plan_id: "p", attempt: 7, result });
  driver.expectNothingMoreFor(worker);
  driver.answerWrites({ type: "exists", state: "Succeeded" });
  expect(driver.take(worker, "ResultAck")).toMatchObject({ attempt: 7, taken: false });
});

it("a slot is free again whose assignment waited for a write that failed, cancelled in between or not", () => {
  const driver = new CoordinatorDriver();
  const old = driver.inherited("old");
  const client = driver.client();
  const filters = [{ node_id: "f", pickled_filter: "gA==" }];
  driver.holdsWrites = true;
  driver.submit(client, planOf("p", { bindings: [], filters }));
  driver.receive(client, { type: "Cancel", request_id: 2, plan_id: "p" });
  driver.answerWrites(full);
  driver.holdsWrites = false;
  driver.submit(client, planOf("q", { bindings: [], filters }));
  expect(driver.take(old, "AssignPlan")).toMatchObject({ plan: { plan_id: "q" } });
});

it("an execution that the store says is another coordinator's is forgotten, and who asked about it is told", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.submit(client, planOf("p"), { watch: true });
  const assigned = driver.take(worker, "AssignPlan");
  driver.take(client, "Accepted");
  driver.holdsWrites = true;
  driver.receive(client, { type: "Cancel", request_id: 2, plan_id: "p" });
  driver.answerWrites({ type: "notOwner" });
  const errors = driver.sent.flatMap(({ message }) => (message.type === "Error" ? [message] : []));
  expect(errors.map(({ request_id }) => request_id)).toContain(2);
  expect(driver.core.state.executions.size).toBe(0);
  driver.holdsWrites = false;
  expect(driver.take(worker, "CancelPlan")).toMatchObject({ plan_id: "p", attempt: 1 });
  driver.answer(worker, assigned, 1);
  expect(driver.take(worker, "ResultAck")).toMatchObject({ taken: false });
});

it("then a worker need not keep the result that waited for that write", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  driver.submit(driver.client(), planOf("p"));
  const assigned = driver.take(worker, "AssignPlan");
  driver.holdsWrites = true;
  driver.answer(worker, assigned, 1);
  driver.answerWrites({ type: "notOwner" });
  expect(driver.take(worker, "ResultAck")).toMatchObject({ id: "p", taken: false });
});

it("then a peer of the inherited wire keeps its slot until it answers", () => {
  const driver = new CoordinatorDriver();
  const old = driver.inherited("old");
  const client = driver.client();
  const filters = [{ node_id: "f", pickled_filter: "gA==" }];
  driver.submit(client, planOf("p", { bindings: [], filters }));
  const assigned = driver.take(old, "AssignPlan");
  driver.holdsWrites = true;
  driver.passTime(2_000);
  driver.answerWrites({ type: "notOwner" });
  expect(driver.core.state.executions.size).toBe(0);
  driver.holdsWrites = false;
  driver.submit(client, planOf("q", { bindings: [], filters }));
  driver.expectNothingMoreFor(old);
  driver.answer(old, assigned, 1);
  expect(driver.take(old, "AssignPlan")).toMatchObject({ plan: { plan_id: "q" } });
});

it("a plan that ends in the very write that accepts it still tells its outcome to who watches it", () => {
  const driver = new CoordinatorDriver();
  driver.inherited("old");
  const client = driver.client();
  const data = { dtype: "int64", values: BigInt64Array.of(2n ** 60n + 1n), shape: [1] } as const;
  const plan = planOf("p", {
    plan: execute("n"),
    bindings: [],
    filters: [{ node_id: "n", pickled_filter: "gA==" }],
    input: { source: "Inline", value: { type: "Tensor", data: { ...data, shape: [1] } } },
  });
  driver.submit(client, plan, { watch: true, only_outcome: true });
  driver.take(client, "Accepted");
  expect(driver.eventsTo(client)).toMatchObject([
    { kind: "Finished", outcome: { status: "Failed", error: { code: "VALUE_UNSUPPORTED" } } },
  ]);
});

it("an outcome that is decided while the submission is being written reaches who watches from then on", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.holdsWrites = true;
  driver.submit(client, planOf("p"), { watch: true, only_outcome: true });
  driver.receive(client, { type: "Cancel", request_id: 2, plan_id: "p" });
  driver.answerWrites();
  expect(driver.eventsTo(client)).toEqual([]);
  driver.answerWrites();
  expect(driver.eventsTo(client)).toMatchObject([{ outcome: { status: "Cancelled" } }]);
});

it("a client that hung up is sent nothing when its write lands", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.holdsWrites = true;
  driver.submit(client, planOf("p"), { watch: true });
  driver.disconnect(client);
  driver.answerWrites();
  expect(driver.core.state.executions.get("p")?.watchers).toBeUndefined();
});
