import { expect, it } from "vitest";
import {
  CoordinatorDriver,
  execute,
  planOf,
  registerMessage,
  resultMessage,
  success,
} from "../testing/coordinator-driver.js";

const LEASE_MS = 30_000;
type Conn = ReturnType<CoordinatorDriver["connect"]>;
const json = (data: number) => success({ type: "Json", data });

function register(driver: CoordinatorDriver, id: string, more: object = {}): Conn {
  const conn = driver.connect();
  driver.receive(conn, registerMessage(id, ["f"], more));
  driver.take(conn, "Registered");
  return conn;
}
async function outcomeOf(driver: CoordinatorDriver, planId: string) {
  return (await driver.store.get(planId))?.outcome;
}

it("what was queued is queued again, in its order", async () => {
  const before = new CoordinatorDriver();
  const client = before.client();
  for (const id of ["a", "b"]) before.submit(client, planOf(id));
  const driver = await before.restarted();
  const worker = driver.worker("w");
  const first = driver.take(worker, "AssignPlan");
  expect(first).toMatchObject({ plan: { plan_id: "a" }, attempt: 1 });
  driver.answer(worker, first, 1);
  expect(driver.take(worker, "AssignPlan")).toMatchObject({ plan: { plan_id: "b" } });
});

it("a written assignment waits a whole lease for its worker, which comes back with it", async () => {
  const before = new CoordinatorDriver();
  const w = before.worker("w");
  before.submit(before.client(), planOf("p"));
  const assigned = before.take(w, "AssignPlan");
  const driver = await before.restarted();
  driver.passTime(LEASE_MS - 2_000);
  const other = driver.worker("other");
  driver.expectNothingMoreFor(other);
  const resume = [{ plan_id: "p", attempt: 1, state: "running" }];
  const back = register(driver, "w", { resume });
  driver.expectNothingMoreFor(back);
  driver.receive(back, resultMessage(assigned, json(7)));
  expect(driver.take(back, "ResultAck")).toMatchObject({ taken: true });
  expect(await outcomeOf(driver, "p")).toMatchObject({ output: { data: 7 }, attempts: 1 });
});

it("a worker that does not come back within a lease loses its attempt to another one", async () => {
  const before = new CoordinatorDriver();
  const w = before.worker("w");
  before.submit(before.client(), planOf("p"));
  before.take(w, "AssignPlan");
  const driver = await before.restarted();
  const other = driver.worker("other");
  for (let i = 0; i < 4; i++) {
    driver.passTime(LEASE_MS / 3);
    driver.heartbeat(other);
    driver.take(other, "HeartbeatAck");
  }
  expect(driver.take(other, "AssignPlan")).toMatchObject({ attempt: 2 });
});

it("another process under the worker's id has none of its attempts", async () => {
  const before = new CoordinatorDriver();
  const w = before.worker("w");
  before.submit(before.client(), planOf("p"));
  before.take(w, "AssignPlan");
  const driver = await before.restarted();
  const fresh = register(driver, "w", { incarnation: "w-2" });
  expect(driver.take(fresh, "AssignPlan")).toMatchObject({ attempt: 2 });
});

it("a result that came while the coordinator was away is taken when the worker sends it again", async () => {
  const before = new CoordinatorDriver();
  const w = before.worker("w");
  before.submit(before.client(), planOf("p"));
  const assigned = before.take(w, "AssignPlan");
  const driver = await before.restarted();
  const resume = [{ plan_id: "p", attempt: 1, state: "finished" }];
  const back = register(driver, "w", { resume });
  driver.receive(back, resultMessage(assigned, json(3)));
  expect(driver.take(back, "ResultAck")).toMatchObject({ taken: true });
});

it("a result that was written and not acknowledged is acknowledged as not taken, and the outcome stands", async () => {
  const before = new CoordinatorDriver();
  const w = before.worker("w");
  before.submit(before.client(), planOf("p"));
  const assigned = before.take(w, "AssignPlan");
  before.receive(w, resultMessage(assigned, json(3)));
  const driver = await before.restarted();
  const back = register(driver, "w");
  driver.receive(back, resultMessage(assigned, json(3)));
  expect(driver.take(back, "ResultAck")).toMatchObject({ taken: false });
  expect(await outcomeOf(driver, "p")).toMatchObject({ status: "Succeeded" });
});

it("an inherited peer's attempt is lost: its answer would belong to a connection that is gone", async () => {
  const before = new CoordinatorDriver();
  const old = before.inherited("old");
  const filters = [{ node_id: "f", pickled_filter: "gA==" }];
  before.submit(before.client(), planOf("p", { bindings: [], filters }));
  before.take(old, "AssignPlan");
  const driver = await before.restarted();
  const again = driver.inherited("old");
  driver.take(again, "AssignPlan");
  expect(driver.core.state.executions.get("p")?.attempts).toBe(2);
});

it("a plan that is walked goes on behind the outcomes that were written", async () => {
  const at = (node_id: string, id: string) => ({
    Remote: { node_id: `${node_id}-at-${id}`, target: { WorkerId: id }, plan: execute(node_id) },
  });
  const nodes = ["f", "g", "h"];
  const plan = planOf("p", {
    plan: { Sequence: [at("f", "a"), { Parallel: [at("g", "a"), at("h", "b")] }] },
    bindings: nodes.map((node_id) => ({ node_id, uses: "f" })),
  });
  const before = new CoordinatorDriver();
  const a = before.worker("a");
  before.submit(before.client(), plan);
  before.receive(a, resultMessage(before.take(a, "AssignPlan"), json(10)));
  const g = before.take(a, "AssignPlan");
  expect(g.plan).toMatchObject({ plan_id: "p/1.0#", input: { value: { data: 10 } } });
  const driver = await before.restarted();
  const resume = [{ plan_id: "p/1.0#", attempt: 1, state: "running" }];
  const back = register(driver, "a", { resume });
  const b = driver.worker("b");
  const h = driver.take(b, "AssignPlan");
  expect(h.plan).toMatchObject({ plan_id: "p/1.1#", input: { value: { data: 10 } } });
  driver.receive(b, resultMessage(h, json(12)));
  driver.receive(back, resultMessage(g, json(11)));
  expect(await outcomeOf(driver, "p")).toMatchObject({
    status: "Succeeded",
    output: {
      type: "Record",
      data: [
        ["g-at-a", { data: 11 }],
        ["h-at-b", { data: 12 }],
      ],
    },
  });
});

it("a plan whose last outcome was written, but not its end, ends at the start", async () => {
  const before = new CoordinatorDriver();
  const a = before.worker("a");
  const at = (node_id: string) => ({
    Remote: { node_id: `r-${node_id}`, target: { WorkerId: "a" }, plan: execute(node_id) },
  });
  const plan = planOf("p", {
    plan: { Sequence: [at("f"), execute("g")] },
    bindings: ["f", "g"].map((node_id) => ({ node_id, uses: "f" })),
  });
  before.submit(before.client(), plan);
  before.receive(a, resultMessage(before.take(a, "AssignPlan"), json(1)));
  const last = before.take(a, "AssignPlan");
  before.holdsWrites = true;
  before.receive(a, resultMessage(last, json(2)));
  const [write] = before.writes;
  if (!write) throw new Error("nothing was written");
  // Torn between what the part answered and what that makes of the plan.
  const takeResult = write.content.changes.filter(({ type }) => type === "takeResult");
  before.store.commit([{ ...write.content, changes: takeResult }], () => {});
  const driver = await before.restarted();
  expect(await outcomeOf(driver, "p")).toMatchObject({ status: "Succeeded", output: { data: 2 } });
});

it("a cancel that was wished is told again", async () => {
  const before = new CoordinatorDriver();
  const w = before.worker("w");
  const client = before.client();
  before.submit(client, planOf("p"));
  before.take(w, "AssignPlan");
  before.receive(client, { type: "Cancel", request_id: 1, plan_id: "p", reason: "enough" });
  const driver = await before.restarted();
  const resume = [{ plan_id: "p", attempt: 1, state: "running" }];
  const back = register(driver, "w", { resume });
  expect(driver.take(back, "CancelPlan")).toMatchObject({ plan_id: "p", attempt: 1 });
  driver.passTime(LEASE_MS + 5_000);
  expect(await outcomeOf(driver, "p")).toMatchObject({ status: "Cancelled", by: "enough" });
});

it("losses count over a restart; what was given back does not", async () => {
  let driver = new CoordinatorDriver({ settings: { maxAttempts: 2 } });
  const giver = driver.worker("giver");
  driver.submit(driver.client(), planOf("p"));
  driver.receive(giver, { type: "Busy", plan_id: "p", attempt: 1 });
  const first = driver.worker("first");
  expect(driver.take(first, "AssignPlan")).toMatchObject({ attempt: 2 });
  driver.receive(first, { type: "Started", plan_id: "p", attempt: 2 });
  driver.step({ type: "connectionClosed", conn: first, reason: "leaving" });
  driver = await driver.restarted({ settings: { maxAttempts: 2 } });
  const second = driver.worker("second");
  expect(driver.take(second, "AssignPlan")).toMatchObject({ attempt: 3 });
  driver.receive(second, { type: "Started", plan_id: "p", attempt: 3 });
  driver.step({ type: "connectionClosed", conn: second, reason: "leaving" });
  expect(await outcomeOf(driver, "p")).toMatchObject({ error: { code: "WORKER_LOST" } });
});

it("the same submission after a restart is the same execution, whether it lives or has ended", async () => {
  const before = new CoordinatorDriver();
  const w = before.worker("w");
  const client = before.client();
  before.submit(client, planOf("ended"));
  before.answer(w, before.take(w, "AssignPlan"), 1);
  before.submit(client, planOf("lives"));
  const driver = await before.restarted();
  const again = driver.client();
  for (const [request_id, id] of [
    [1, "ended"],
    [2, "lives"],
  ] as const) {
    driver.submit(again, planOf(id), { request_id });
    await driver.answerQuestions();
    expect(driver.take(again, "Accepted")).toMatchObject({ request_id, existing: true });
  }
  const other = planOf("ended", { input: { source: "Inline", value: { type: "Empty" } } });
  driver.submit(again, other, { request_id: 3 });
  await driver.answerQuestions();
  expect(driver.take(again, "Error")).toMatchObject({ code: "PLAN_ID_CONFLICT", request_id: 3 });
});

it("an ended plan can be submitted again although its filter is forgotten", async () => {
  const before = new CoordinatorDriver();
  const w = before.worker("w");
  before.submit(before.client(), planOf("p"));
  before.answer(w, before.take(w, "AssignPlan"), 1);
  const driver = await before.restarted({ settings: { maxOffered: 0 } });
  driver.passTime(LEASE_MS + 1_000);
  driver.worker("other", ["another"]);
  const client = driver.client();
  driver.submit(client, planOf("p"));
  await driver.answerQuestions();
  expect(driver.take(client, "Accepted")).toMatchObject({ existing: true });
  driver.submit(client, planOf("q"), { request_id: 2 });
  await driver.answerQuestions();
  expect(driver.take(client, "Error")).toMatchObject({ code: "NO_SUCH_FILTER", request_id: 2 });
});

it("a plan is not refused for want of a filter whose worker may still come back", async () => {
  const before = new CoordinatorDriver();
  before.worker("w");
  const driver = await before.restarted();
  driver.worker("other", ["another"]);
  const client = driver.client();
  driver.submit(client, planOf("p"));
  expect(driver.take(client, "Accepted")).toMatchObject({ plan_id: "p" });
  const back = driver.worker("w");
  expect(driver.take(back, "AssignPlan")).toMatchObject({ plan: { plan_id: "p" } });
});

const state = (data: number) => ({ type: "Json", data }) as const;
const fitted = (data: number, id: string) => success(state(data), { [id]: state(data) });
const scale = {
  capabilities: { cpu_cores: 1, ram_bytes: 1, gpus: [], python_envs: [], tags: ["b"] },
  filters: [{ name: "scale", kind: "Trainable", stream_mode: "FixedState" }],
} as const;

it("a fit that is walked leaf by leaf goes on as it was begun, although nobody has said yet what its filters are", async () => {
  const before = new CoordinatorDriver();
  const w = register(before, "w", scale);
  const plan = planOf("p", {
    plan: { Sequence: [execute("x"), execute("old")] },
    edges: { old: ["x"] },
    bindings: [{ node_id: "x", uses: "scale" }],
    filters: [{ node_id: "old", pickled_filter: "gA==" }],
    mode: { Fit: { y: null } },
  });
  before.submit(before.client(), plan);
  before.receive(w, resultMessage(before.take(w, "AssignPlan"), fitted(1, "x")));
  const forward = before.take(w, "AssignPlan");
  const driver = await before.restarted();
  const resume = [{ plan_id: forward.plan.plan_id, attempt: 1, state: "running" }];
  const back = register(driver, "w", { ...scale, resume });
  driver.receive(back, resultMessage(forward, json(2)));
  const old = driver.inherited("old");
  driver.receive(old, resultMessage(driver.take(old, "AssignPlan"), json(3)));
  expect(await outcomeOf(driver, "p")).toMatchObject({
    status: "Succeeded",
    states: { x: { data: 1 } },
  });
});

it("a fit over several places that was accepted before any worker came fits each node", async () => {
  const driver = new CoordinatorDriver();
  const plan = planOf("p", {
    plan: {
      Sequence: [
        execute("x"),
        { Remote: { node_id: "r", target: { Tag: "b" }, plan: execute("y") } },
      ],
    },
    edges: { y: ["x"] },
    bindings: [
      { node_id: "x", uses: "scale" },
      { node_id: "y", uses: "scale" },
    ],
    mode: { Fit: { y: null } },
  });
  driver.submit(driver.client(), plan);
  const w = register(driver, "w", scale);
  for (const [node, data] of [
    ["x", 1],
    ["y", 2],
  ] as const) {
    const assigned = driver.take(w, "AssignPlan");
    expect(assigned.plan).toMatchObject({ plan: execute(node), mode: { Fit: {} } });
    driver.receive(w, resultMessage(assigned, fitted(data, node)));
  }
  expect(await outcomeOf(driver, "p")).toMatchObject({
    output: { data: 2 },
    states: { x: { data: 1 }, y: { data: 2 } },
  });
});

it("the other arms of one that failed are stopped again, and not tried again when their worker is lost", async () => {
  const at = (node_id: string, id: string) => ({
    Remote: { node_id: `${node_id}-at-${id}`, target: { WorkerId: id }, plan: execute(node_id) },
  });
  const plan = planOf("p", {
    plan: { Parallel: [at("f", "a"), at("g", "b"), at("h", "c")] },
    bindings: ["f", "g", "h"].map((node_id) => ({ node_id, uses: "f" })),
  });
  const before = new CoordinatorDriver();
  const [a, b, c] = ["a", "b", "c"].map((id) => before.worker(id));
  if (!a || !b || !c) throw new Error("three workers");
  before.submit(before.client(), plan);
  before.take(c, "AssignPlan");
  const failed = { status: "Failed", error: "no", duration_ms: 1, code: "FILTER_ERROR" } as const;
  before.receive(a, resultMessage(before.take(a, "AssignPlan"), failed));
  const stopped = before.take(b, "AssignPlan");
  const driver = await before.restarted();
  const resume = [{ plan_id: stopped.plan.plan_id, attempt: 1, state: "running" }];
  const back = register(driver, "b", { resume });
  expect(driver.take(back, "CancelPlan")).toMatchObject({ plan_id: stopped.plan.plan_id });
  const cancelled = { status: "Cancelled", duration_ms: 1, stopped: true } as const;
  driver.receive(back, resultMessage(stopped, cancelled));
  expect(await outcomeOf(driver, "p")).toBeUndefined();
  driver.step({ type: "connectionClosed", conn: driver.worker("c"), reason: "leaving" });
  driver.passTime(LEASE_MS + 2_000);
  expect(await outcomeOf(driver, "p")).toMatchObject({ status: "Failed", attempts: 3 });
});
