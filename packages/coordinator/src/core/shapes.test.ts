// Plans that share a shape: what the shape alone says is computed once, what workers there are is looked up each time.
import { shapeOf, shapePlan, type FixedPlan, type SerializedPlan } from "@planwire/protocol";
import { expect, it } from "vitest";
import { CoordinatorDriver, execute, planOf } from "../testing/coordinator-driver.js";

/** Plans of one shape, by id. */
function plansOf(of: Partial<SerializedPlan> = {}): (id: string) => SerializedPlan {
  const { plan_id: _id, input, ...fixed } = planOf("", of);
  shapePlan(fixed satisfies FixedPlan);
  return (id) => ({ plan_id: id, input, ...fixed });
}

async function isRefused(driver: CoordinatorDriver, plan: SerializedPlan) {
  const client = driver.client();
  driver.submit(client, plan);
  await driver.answerQuestions();
  return driver.typesTo(client).includes("Error") && driver.take(client, "Error").code;
}

it("a filter that was unknown when the shape first came is found once somebody offers it", async () => {
  const driver = new CoordinatorDriver();
  const plan = plansOf();
  driver.worker("w", ["g"]);
  expect(await isRefused(driver, plan("early"))).toBe("NO_SUCH_FILTER");
  const worker = driver.worker("v", ["f"]);
  expect(await isRefused(driver, plan("late"))).toBe(false);
  expect(driver.take(worker, "AssignPlan").plan).toEqual(plan("late"));
});

it("a filter that is trainable by now needs its state", async () => {
  const driver = new CoordinatorDriver();
  const plan = plansOf();
  const stateless = driver.worker("w", ["f"]);
  expect(await isRefused(driver, plan("p"))).toBe(false);
  driver.step({ type: "connectionClosed", conn: stateless, reason: "leaving" });
  const filters = [{ name: "f", kind: "Trainable", stream_mode: "FixedState" } as const];
  driver.worker("v", [], { filters });
  expect(await isRefused(driver, plan("q"))).toBe("STATE_MISSING");
});

it("a node without a binding is an inherited peer's until a worker of ours offers its id", async () => {
  const driver = new CoordinatorDriver();
  const plan = plansOf({ bindings: [] });
  const old = driver.inherited("old");
  expect(await isRefused(driver, plan("first"))).toBe(false);
  const first = driver.take(old, "AssignPlan");
  expect(first.plan.plan_id).toBe("first");
  driver.answer(old, first, 1);
  const ours = driver.worker("w", ["f"]);
  expect(await isRefused(driver, plan("second"))).toBe(false);
  expect(driver.take(ours, "AssignPlan").plan.plan_id).toBe("second");
  driver.expectNothingMoreFor(old);
});

it("what goes whole to a worker of ours keeps its shape; a part, a fit and what an inherited peer gets have none", async () => {
  const driver = new CoordinatorDriver();
  const whole = plansOf();
  const worker = driver.worker("w", ["f"], { max_concurrent: 4 });
  const other = driver.worker("v", ["g"]);
  expect(await isRefused(driver, whole("whole"))).toBe(false);
  expect(shapeOf(driver.take(worker, "AssignPlan").plan)).toBe(shapeOf(whole("")));

  const far = { Remote: { node_id: "r", target: { WorkerId: "v" }, plan: execute("g") } };
  const cut = plansOf({
    plan: { Sequence: [execute("f"), far] },
    bindings: ["f", "g"].map((node_id) => ({ node_id, uses: node_id })),
  });
  for (const id of ["cut", "again"]) {
    expect(await isRefused(driver, cut(id))).toBe(false);
    const first = driver.take(worker, "AssignPlan");
    expect(first.plan).toMatchObject({ plan: execute("f"), bindings: [{ node_id: "f" }] });
    expect(shapeOf(first.plan)).toBeUndefined();
    driver.answer(worker, first, 2);
    const second = driver.take(other, "AssignPlan");
    expect(second.plan).toMatchObject({
      bindings: [{ node_id: "g" }],
      input: { value: { data: 2 } },
    });
    expect(shapeOf(second.plan)).toBeUndefined();
    driver.answer(other, second, 3);
  }
  expect(shapeOf(cut("later"))).toBeDefined();

  expect(await isRefused(driver, { ...whole("fit"), mode: { Fit: { y: null } } })).toBe(false);
  expect(shapeOf(driver.take(worker, "AssignPlan").plan)).toBeUndefined();

  const old = driver.inherited("old");
  const pickled = plansOf({ bindings: [], filters: [{ node_id: "f", pickled_filter: "gA==" }] });
  expect(await isRefused(driver, pickled("old"))).toBe(false);
  expect(shapeOf(driver.take(old, "AssignPlan").plan)).toBeUndefined();
});

it("plans of one shape under one id are the same submission, also with another label", async () => {
  const driver = new CoordinatorDriver();
  const plan = plansOf();
  const client = driver.client();
  driver.submit(client, plan("p"));
  expect(driver.take(client, "Accepted")).toMatchObject({ plan_id: "p" });
  driver.submit(client, { ...plan("p"), metadata: { label: "again" } });
  expect(driver.take(client, "Accepted")).toMatchObject({ plan_id: "p", existing: true });
  const input = { source: "Inline", value: { type: "Json", data: "other" } } as const;
  expect(await isRefused(driver, { ...plan("p"), input })).toBe("PLAN_ID_CONFLICT");
  expect(await isRefused(driver, plansOf({ metadata: {}, bindings: [] })("p"))).toBe(
    "PLAN_ID_CONFLICT",
  );
});
