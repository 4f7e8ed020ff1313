import { expect, it } from "vitest";
import {
  CoordinatorDriver,
  execute,
  planOf,
  resultMessage,
  success,
} from "../testing/coordinator-driver.js";

type Conn = ReturnType<CoordinatorDriver["connect"]>;
const json = (data: number) => success({ type: "Json", data });
const pickled = (...nodes: string[]) =>
  nodes.map((node_id) => ({ node_id, pickled_filter: "gA==" }));
function planFor(plan: ReturnType<typeof planOf>["plan"], ...nodes: string[]) {
  return planOf("p", { plan, bindings: [], filters: pickled(...nodes) });
}
/** Answers what the peer is given, and says what that was. */
function answerAll(driver: CoordinatorDriver, old: Conn): unknown[] {
  const given: unknown[] = [];
  while (driver.typesTo(old).includes("AssignPlan")) {
    const assigned = driver.take(old, "AssignPlan");
    given.push(assigned.plan.plan);
    driver.receive(old, resultMessage(assigned, json(given.length)));
  }
  return given;
}

it("what it is sent holds nothing that it does not know", () => {
  const driver = new CoordinatorDriver();
  const old = driver.inherited("old");
  const input = { source: "Inline", value: { type: "Text", data: "hi" } } as const;
  driver.submit(driver.client(), { ...planFor(execute("a"), "a"), input });
  expect(driver.take(old, "AssignPlan")).toEqual({
    type: "AssignPlan",
    plan: {
      plan_id: "p",
      plan: execute("a"),
      input: { source: "Inline", value: { type: "Json", data: "hi" } },
      filters: [
        {
          node_id: "a",
          pickled_filter: "gA==",
          state: { type: "Empty" },
          requirements: [],
          trainable: false,
        },
      ],
      mode: "Forward",
      metadata: {},
    },
  });
});

it("a row of Executes goes to it whole; any other tree one node at a time", () => {
  const driver = new CoordinatorDriver();
  const old = driver.inherited("old");
  const client = driver.client();
  const row = { Sequence: [execute("a"), execute("b")] };
  driver.submit(client, planFor(row, "a", "b"));
  expect(answerAll(driver, old)).toEqual([row]);
  const tree = { Sequence: [execute("a"), { Parallel: [execute("b"), execute("c")] }] };
  driver.submit(client, { ...planFor(tree, "a", "b", "c"), plan_id: "q" });
  expect(answerAll(driver, old)).toEqual(["a", "b", "c"].map(execute));
});

it("subtrees with other targets are taken apart as well", () => {
  const driver = new CoordinatorDriver();
  const old = driver.inherited("old");
  const client = driver.client();
  const remote = {
    Remote: {
      node_id: "r",
      target: { WorkerId: "old" },
      plan: { Parallel: [execute("b"), execute("c")] },
    },
  };
  const tree = { Sequence: [execute("a"), remote] };
  driver.submit(client, planFor(tree, "a", "b", "c"), { watch: true, only_outcome: true });
  expect(answerAll(driver, old)).toEqual(["a", "b", "c"].map(execute));
  expect(driver.eventsTo(client)).toMatchObject([{ outcome: { status: "Succeeded" } }]);
});

it("a Fit fits each trainable node alone, then forwards it with its state", () => {
  const driver = new CoordinatorDriver();
  const old = driver.inherited("old");
  const client = driver.client();
  const plan = planOf("p", {
    plan: { Sequence: [execute("a"), execute("b")] },
    bindings: [],
    filters: [
      { node_id: "a", pickled_filter: "gA==" },
      { node_id: "b", pickled_filter: "gA==", trainable: true },
    ],
    mode: { Fit: { y: { type: "Json", data: 9 } } },
  });
  driver.submit(client, plan, { watch: true, only_outcome: true });
  const a = driver.take(old, "AssignPlan");
  expect(a.plan).toMatchObject({ plan: execute("a"), mode: "Forward" });
  driver.receive(old, resultMessage(a, json(2)));
  const fit = driver.take(old, "AssignPlan");
  expect(fit.plan).toMatchObject({ plan: execute("b"), mode: { Fit: { y: { data: 9 } } } });
  const state = { type: "Json", data: 7 } as const;
  driver.receive(old, resultMessage(fit, success({ type: "Empty" }, { b: state })));
  const forward = driver.take(old, "AssignPlan");
  expect(forward.plan).toMatchObject({ mode: "Forward", filters: [{ node_id: "b", state }] });
  driver.receive(old, resultMessage(forward, json(3)));
  expect(driver.eventsTo(client)).toMatchObject([
    { outcome: { status: "Succeeded", output: { data: 3 }, states: { b: state } } },
  ]);
});

it("beside nodes of ours a fit asks each for one part: ours fit and forward at once", () => {
  const driver = new CoordinatorDriver();
  const ours = driver.worker("ours", ["f"]);
  const old = driver.inherited("old");
  const client = driver.client();
  const plan = planOf("p", {
    plan: { Sequence: [execute("a"), execute("b")] },
    bindings: [{ node_id: "a", uses: "f" }],
    filters: pickled("b"),
    mode: { Fit: { y: null } },
  });
  driver.submit(client, plan, { watch: true, only_outcome: true });
  const a = driver.take(ours, "AssignPlan");
  expect(a.plan).toMatchObject({ plan: execute("a"), mode: { Fit: { y: null } } });
  const state = { type: "Json", data: 7 } as const;
  driver.receive(ours, resultMessage(a, success({ type: "Json", data: 2 }, { a: state })));
  expect(driver.typesTo(ours)).not.toContain("AssignPlan");
  expect(answerAll(driver, old)).toEqual([execute("b")]);
  expect(driver.eventsTo(client)).toMatchObject([{ outcome: { states: { a: state } } }]);
});

it("what is in a Remote to it goes there node by node, also when only their ids say what they are", () => {
  const driver = new CoordinatorDriver();
  const old = driver.inherited("old");
  const there = (id: string, target: string) => ({
    Remote: { node_id: `at-${id}`, target: { WorkerId: target }, plan: execute(id) },
  });
  const tree = { Sequence: [there("theirs", "old"), there("a", "ours")] };
  const bindings = [{ node_id: "a", uses: "f" }];
  driver.submit(driver.client(), planOf("p", { plan: tree, bindings }));
  expect(answerAll(driver, old)).toEqual([execute("theirs")]);
  expect(driver.take(driver.worker("ours", ["f"]), "AssignPlan").plan.plan_id).toBe("p/1#");
});

it("a cancelled plan ends at once; its slot is held until it answers, and that answer changes nothing", () => {
  const driver = new CoordinatorDriver();
  const old = driver.inherited("old");
  const client = driver.client();
  driver.submit(client, planFor(execute("a"), "a"), { watch: true, only_outcome: true });
  const assigned = driver.take(old, "AssignPlan");
  driver.receive(client, { type: "Cancel", request_id: 2, plan_id: "p" });
  expect(driver.eventsTo(client)).toMatchObject([{ outcome: { status: "Cancelled" } }]);
  driver.submit(client, { ...planFor(execute("a"), "a"), plan_id: "q" });
  expect(driver.typesTo(old)).not.toContain("AssignPlan");
  driver.receive(old, resultMessage(assigned, json(1)));
  expect(driver.take(old, "AssignPlan")).toMatchObject({ plan: { plan_id: "q" } });
  expect(driver.eventsTo(client)).toHaveLength(1);
});

it("what it held is lost with its socket, and tried elsewhere", () => {
  const driver = new CoordinatorDriver();
  const [one, two] = [driver.inherited("one"), driver.inherited("two")];
  const client = driver.client();
  driver.submit(client, planFor(execute("a"), "a"), { watch: true });
  driver.take(one, "AssignPlan");
  driver.disconnect(one);
  driver.passTime(1_000);
  driver.take(two, "AssignPlan");
  expect(driver.eventsTo(client).map(({ kind }) => kind)).toEqual([
    "Accepted",
    "AttemptStarted",
    "AttemptLost",
    "AttemptStarted",
  ]);
});

it("a result that it sends unasked, or twice, changes nothing and is not answered", () => {
  const driver = new CoordinatorDriver();
  const old = driver.inherited("old");
  driver.submit(driver.client(), planFor(execute("a"), "a"));
  const assigned = driver.take(old, "AssignPlan");
  for (let i = 0; i < 3; i++) driver.receive(old, resultMessage(assigned, json(i)));
  driver.expectNothingMoreFor(old);
  expect(driver.core.state.executions.get("p")?.outcome).toMatchObject({ output: { data: 0 } });
});

it("a result that comes before its assignment has left is of an earlier connection, and is dropped", () => {
  const driver = new CoordinatorDriver();
  const first = driver.inherited("old");
  driver.submit(driver.client(), planFor(execute("a"), "a"));
  const assigned = driver.take(first, "AssignPlan");
  driver.disconnect(first);
  const second = driver.inherited("old");
  driver.holdsWrites = true;
  driver.passTime(1_000);
  driver.receive(second, resultMessage(assigned, json(1)));
  driver.holdsWrites = false;
  driver.answerWrites();
  const again = driver.take(second, "AssignPlan");
  expect(driver.core.state.executions.get("p")?.outcome).toBeUndefined();
  driver.receive(second, resultMessage(again, json(2)));
  expect(driver.core.state.executions.get("p")?.outcome).toMatchObject({ output: { data: 2 } });
});

it("a value that it can't be told fails the plan, and the peer goes on", () => {
  const driver = new CoordinatorDriver();
  const old = driver.inherited("old");
  const client = driver.client();
  const values = [1, NaN];
  const value = { type: "Tensor", data: { values, shape: [2] } } as const;
  const input = { source: "Inline" as const, value: { ...value, data: { values, shape: [2] } } };
  driver.submit(
    client,
    { ...planFor(execute("a"), "a"), input },
    { watch: true, only_outcome: true },
  );
  expect(driver.eventsTo(client)).toMatchObject([
    { outcome: { status: "Failed", error: { code: "VALUE_UNSUPPORTED" } } },
  ]);
  driver.submit(client, { ...planFor(execute("a"), "a"), plan_id: "q" });
  driver.take(old, "AssignPlan");
});
