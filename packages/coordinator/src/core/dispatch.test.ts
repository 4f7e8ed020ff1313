import { expect, it } from "vitest";
import {
  CoordinatorDriver,
  execute,
  planOf,
  registerMessage,
} from "../testing/coordinator-driver.js";

type Conn = ReturnType<CoordinatorDriver["connect"]>;
const assignedTo = (driver: CoordinatorDriver, conn: Conn) =>
  driver.sent.flatMap((one) =>
    one.conn === conn && one.message.type === "AssignPlan" ? [one.message.plan.plan_id] : [],
  );
const tagged = (tag: string) => ({
  capabilities: { ...registerMessage("w").capabilities, tags: [tag] },
});

it("the least loaded worker gets a plan, by the share of its slots, ties by id", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const big = driver.worker("b-big", ["f"], { max_concurrent: 4 });
  const small = driver.worker("a-small", ["f"], { max_concurrent: 2 });
  for (const id of ["1", "2", "3", "4", "5", "6"]) driver.submit(client, planOf(id));
  expect(assignedTo(driver, small)).toEqual(["1", "4"]);
  expect(assignedTo(driver, big)).toEqual(["2", "3", "5", "6"]);
  driver.submit(client, planOf("7"));
  expect(driver.core.state.queued).toBe(1);
});

it("a plan goes only to a worker that offers all its filters, in the version it names", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const filter = { name: "f", kind: "Stateless", stream_mode: "FixedState" } as const;
  const one = driver.worker("one", [], { filters: [{ ...filter, version: "1" }] });
  const two = driver.worker("two", [], { filters: [{ ...filter, version: "2" }] });
  driver.submit(client, planOf("p", { bindings: [{ node_id: "f", uses: "f@2" }] }));
  driver.submit(client, planOf("q", { bindings: [{ node_id: "f", uses: "f" }] }));
  expect(assignedTo(driver, two)).toEqual(["p"]);
  expect(assignedTo(driver, one)).toEqual(["q"]);
});

it("a plan that waits for a filter does not hold up those behind it", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.submit(client, planOf("rare", { bindings: [{ node_id: "f", uses: "rare" }] }));
  driver.submit(client, planOf("p"));
  const worker = driver.worker("w", ["f"]);
  expect(assignedTo(driver, worker)).toEqual(["p"]);
  expect(assignedTo(driver, driver.worker("x", ["rare"]))).toEqual(["rare"]);
});

it("a Remote around the plan sends it to the worker, or to one with the tag", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const a = driver.worker("a");
  const b = driver.worker("b");
  const gpu = driver.worker("c", ["f"], tagged("gpu"));
  const remote = (id: string, target: { WorkerId: string } | { Tag: string }) =>
    planOf(id, { plan: { Remote: { node_id: "r", target, plan: execute("f") } } });
  driver.submit(client, remote("p", { WorkerId: "b" }));
  driver.submit(client, remote("q", { Tag: "gpu" }));
  driver.submit(client, remote("r", { Tag: "tpu" }));
  expect([a, b, gpu].map((conn) => assignedTo(driver, conn))).toEqual([[], ["p"], ["q"]]);
  expect(assignedTo(driver, driver.worker("d", ["f"], tagged("tpu")))).toEqual(["r"]);
});

it("a plan with several targets is cut into the largest subtrees that have one", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const [a, b] = [driver.worker("a"), driver.worker("b")];
  const at = (id: string, ...nodes: string[]) => ({
    Remote: {
      node_id: `at-${id}`,
      target: { WorkerId: id },
      plan: { Sequence: nodes.map(execute) },
    },
  });
  const nodes = ["f", "g", "h"];
  const plan = planOf("p", {
    plan: { Sequence: [at("a", "f", "g"), at("b", "h")] },
    bindings: nodes.map((node_id) => ({ node_id, uses: "f" })),
  });
  driver.submit(client, plan, { watch: true });
  const first = driver.take(a, "AssignPlan");
  expect(first.plan).toMatchObject({ plan_id: "p/0#", input: planOf("p").input });
  expect(first.plan.bindings?.map(({ node_id }) => node_id)).toEqual(["f", "g"]);
  driver.answer(a, first, 2);
  const second = driver.take(b, "AssignPlan");
  expect(second.plan).toMatchObject({
    plan_id: "p/1#",
    input: { source: "Inline", value: { type: "Json", data: 2 } },
  });
  driver.answer(b, second, 3);
  expect(driver.eventsTo(client).at(-1)).toMatchObject({
    kind: "Finished",
    outcome: { status: "Succeeded", output: { type: "Json", data: 3 }, attempts: 2 },
  });
});

it("a single node goes where the Remote around it says, also when edges cut it out of that", () => {
  const driver = new CoordinatorDriver();
  const [a, b] = [driver.worker("a"), driver.worker("b")];
  const far = { Remote: { node_id: "at-b", target: { WorkerId: "b" }, plan: execute("g") } };
  const plan = planOf("p", {
    plan: { Sequence: [execute("f"), far] },
    edges: { g: ["f"] },
    bindings: ["f", "g"].map((node_id) => ({ node_id, uses: "f" })),
  });
  driver.submit(driver.client(), plan);
  driver.answer(a, driver.take(a, "AssignPlan"), 2);
  expect(driver.take(b, "AssignPlan").plan).toMatchObject({ plan: execute("g") });
});

it("a plan of pickled and of bound nodes is walked here: some nodes are ours, some an inherited peer's", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const ours = driver.worker("ours");
  const old = driver.inherited("old");
  const plan = planOf("p", {
    plan: { Sequence: [execute("f"), execute("py")] },
    bindings: [{ node_id: "f", uses: "f" }],
    filters: [{ node_id: "py", pickled_filter: "gA==" }],
  });
  driver.submit(client, plan, { watch: true });
  driver.answer(ours, driver.take(ours, "AssignPlan"), 2);
  const second = driver.take(old, "AssignPlan");
  expect(second).toMatchObject({ plan: { plan: execute("py"), input: { value: { data: 2 } } } });
  driver.answer(old, second, 3);
  expect(driver.eventsTo(client).at(-1)).toMatchObject({ outcome: { output: { data: 3 } } });
});

const cached = { Cached: { node_id: "c", key: Array<number>(32).fill(0) } };

it.each([
  ["last", [execute("f"), execute("py"), cached]],
  ["first", [cached, execute("f"), execute("py")]],
])(
  "an arm that fails before the others were even handed out takes them with it: the %s",
  (_, arms) => {
    const driver = new CoordinatorDriver();
    const client = driver.client();
    const worker = driver.worker("w", ["f"], { max_concurrent: 4 });
    const old = driver.inherited("old");
    const plan = planOf("p", {
      plan: { Parallel: arms },
      bindings: [{ node_id: "f", uses: "f" }],
      filters: [{ node_id: "py", pickled_filter: "gA==" }],
    });
    driver.submit(client, plan, { watch: true });
    for (const conn of [worker, old]) {
      for (const id of assignedTo(driver, conn)) expect(id).toBe("never handed out");
    }
    expect(driver.eventsTo(client).at(-1)).toMatchObject({
      outcome: { status: "Failed", error: { code: "CACHE_MISS" } },
    });
  },
);

it("what fits nobody waits, and more than may wait is refused", async () => {
  const driver = new CoordinatorDriver({ settings: { maxQueued: 2 } });
  const client = driver.client();
  for (const id of ["a", "b"]) driver.submit(client, planOf(id));
  driver.submit(client, planOf("c"));
  await driver.answerQuestions();
  expect(driver.take(client, "Error")).toMatchObject({
    code: "QUEUE_FULL",
    retryable: true,
    details: { limit: 2, queued: 2 },
  });
  driver.worker("w");
  driver.submit(client, planOf("d"));
  expect(driver.core.state.executions.has("d")).toBe(true);
});

it("a part that comes back waits in its old place", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  for (const id of ["a", "b", "c"]) driver.submit(client, planOf(id));
  driver.receive(worker, { type: "Busy", plan_id: "a", attempt: 1 });
  driver.heartbeat(worker);
  expect(assignedTo(driver, worker)).toEqual(["a", "a"]);
});

it("a worker that says it is full gets nothing until its next heartbeat or result", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w", ["f"], { max_concurrent: 2 });
  driver.submit(client, planOf("a"));
  driver.submit(client, planOf("b"));
  driver.receive(worker, { type: "Busy", plan_id: "b", attempt: 1 });
  expect(assignedTo(driver, worker)).toEqual(["a", "b"]);
  driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  expect(assignedTo(driver, worker)).toEqual(["b", "b"]);
});
