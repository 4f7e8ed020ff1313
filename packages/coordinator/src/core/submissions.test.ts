import { expect, it, vi } from "vitest";
import { CoordinatorDriver, execute, planOf } from "../testing/coordinator-driver.js";
import type { SerializedPlan } from "@planwire/protocol";
import type { CoreEvent } from "./event.js";

/** The error with which a plan is refused; undefined when it is accepted. */
async function refusal(driver: CoordinatorDriver, plan: SerializedPlan) {
  const client = driver.client();
  driver.submit(client, plan);
  await driver.answerQuestions();
  return driver.typesTo(client).includes("Error") ? driver.take(client, "Error") : undefined;
}
const uses = (name: string, state?: { type: "Json"; data: number }) =>
  planOf(`uses-${name}`, { bindings: [{ node_id: "f", uses: name, ...(state && { state }) }] });
const scaler = {
  filters: [{ name: "scale", version: "1", kind: "Trainable", stream_mode: "FixedState" } as const],
};

it("a plan that breaks a rule is refused, with every issue and its place", async () => {
  const plan = planOf("p", { plan: { Sequence: [execute("f"), execute("f")] } });
  expect(await refusal(new CoordinatorDriver(), plan)).toMatchObject({
    code: "PLAN_REFUSED",
    request_id: 1,
    plan_id: "p",
    details: { issues: [{ path: expect.stringContaining("plan.Sequence[1]") }] },
  });
});

it("an input by reference is refused unless it is inline", async () => {
  const local = { source: "Reference", data_ref: { type: "Local", path: "x" } } as const;
  expect(await refusal(new CoordinatorDriver(), planOf("p", { input: local }))).toMatchObject({
    code: "DATA_REF_REFUSED",
  });
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const value = { type: "Json", data: 5 } as const;
  const input = { source: "Reference", data_ref: { type: "Inline", value } } as const;
  expect(await refusal(driver, planOf("q", { input }))).toBeUndefined();
  expect(driver.take(worker, "AssignPlan").plan.input).toEqual(input);
});

it("a filter that nobody ever offered is refused once a worker of ours is there, and the nearest name is told", async () => {
  const driver = new CoordinatorDriver();
  expect(await refusal(driver, uses("tidi"))).toBeUndefined();
  driver.worker("w", ["tidy", "clean"]);
  expect(await refusal(driver, { ...uses("tidi"), plan_id: "again" })).toMatchObject({
    code: "NO_SUCH_FILTER",
    details: { missing: ["tidi"], offered: ["clean", "tidy"] },
    hint: expect.stringContaining("tidy"),
  });
});

it("a plan whose filters are known is accepted without a look at each worker: there may be thousands", async () => {
  const driver = new CoordinatorDriver();
  driver.worker("w");
  const event = submitted(driver, planOf("p"));
  const looks = vi.spyOn(driver.core.state.workers, "values");
  driver.core.step(event, { mono: 0, wall: 0 });
  expect(looks).not.toHaveBeenCalled();
  looks.mockRestore();
  expect(await refusal(driver, uses("unheard-of"))).toMatchObject({ code: "NO_SUCH_FILTER" });
});

function submitted(driver: CoordinatorDriver, plan: SerializedPlan): CoreEvent {
  const message = { type: "Submit", request_id: 1, plan } as const;
  return { type: "received", conn: driver.client(), message, isError: false, bytes: 100 };
}

it("a filter whose worker is gone is waited for", async () => {
  const driver = new CoordinatorDriver();
  const rare = driver.worker("rare", ["rare"]);
  driver.worker("other", ["f"]);
  driver.step({ type: "connectionClosed", conn: rare, reason: "leaving" });
  expect(await refusal(driver, uses("rare"))).toBeUndefined();
  expect(driver.core.state.queued).toBe(1);
});

it("in a fit an inherited peer may know no node by its id alone: nobody could say whether that is to be fitted", async () => {
  const driver = new CoordinatorDriver();
  driver.worker("w");
  driver.inherited("old");
  const unbound = planOf("p", { plan: execute("theirs"), bindings: [] });
  expect(await refusal(driver, unbound)).toBeUndefined();
  const fit = { ...unbound, plan_id: "fit", mode: { Fit: { y: null } } };
  expect(await refusal(driver, fit)).toMatchObject({ code: "NO_SUCH_FILTER" });
});

it("a node that an inherited peer may know is not refused while one is connected", async () => {
  const driver = new CoordinatorDriver();
  driver.worker("w");
  const unbound = planOf("p", { plan: execute("theirs"), bindings: [] });
  expect(await refusal(driver, unbound)).toMatchObject({ code: "NO_SUCH_FILTER" });
  const old = driver.inherited("old");
  expect(await refusal(driver, { ...unbound, plan_id: "q" })).toBeUndefined();
  driver.take(old, "AssignPlan");
});

it("nor beside nodes that are bound: that one alone goes to the inherited peer", async () => {
  const driver = new CoordinatorDriver();
  const ours = driver.worker("w", ["f"]);
  const old = driver.inherited("old");
  const plan = { Sequence: [execute("a"), execute("theirs")] };
  const bindings = [{ node_id: "a", uses: "f" }];
  expect(await refusal(driver, planOf("p", { plan, bindings }))).toBeUndefined();
  const first = driver.take(ours, "AssignPlan");
  expect(first.plan).toMatchObject({ plan: execute("a") });
  driver.answer(ours, first, 1);
  expect(driver.take(old, "AssignPlan").plan).toMatchObject({ plan: execute("theirs") });
  const missing = [{ node_id: "a", uses: "nobodys" }];
  expect(await refusal(driver, planOf("q", { plan, bindings: missing }))).toMatchObject({
    details: { missing: ["nobodys"] },
  });
});

it("a pickled filter is never refused: an inherited peer may come", async () => {
  const driver = new CoordinatorDriver();
  driver.worker("w");
  const filters = [{ node_id: "f", pickled_filter: "gA==" }];
  expect(await refusal(driver, planOf("p", { bindings: [], filters }))).toBeUndefined();
});

it("a trainable filter without its state is refused before it runs", async () => {
  const driver = new CoordinatorDriver();
  driver.worker("w", [], scaler);
  expect(await refusal(driver, uses("scale@1"))).toMatchObject({
    code: "STATE_MISSING",
    details: { nodeIds: ["f"] },
  });
  expect(await refusal(driver, uses("scale", { type: "Json", data: 1 }))).toBeUndefined();
  const fit = { ...uses("scale"), plan_id: "fit", mode: { Fit: { y: null } } };
  expect(await refusal(driver, fit)).toBeUndefined();
});

it("a trainable filter in a Branch's arm may lack its state: the arm may not be taken", async () => {
  const driver = new CoordinatorDriver();
  driver.worker("w", [], {
    filters: [...scaler.filters, { name: "f", kind: "Stateless", stream_mode: "FixedState" }],
  });
  const plan = planOf("p", {
    plan: { Branch: { node_id: "f", arms: [["x", execute("arm")]] } },
    bindings: [
      { node_id: "f", uses: "f" },
      { node_id: "arm", uses: "scale" },
    ],
  });
  expect(await refusal(driver, plan)).toBeUndefined();
});

it("a pickled filter that is trainable needs its state as well", async () => {
  const filters = [{ node_id: "f", pickled_filter: "gA==", trainable: true }];
  const plan = planOf("p", { bindings: [], filters });
  expect(await refusal(new CoordinatorDriver(), plan)).toMatchObject({ code: "STATE_MISSING" });
});

it("the same id and content is the same execution, other content a conflict", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const [first, second] = [driver.client(), driver.client()];
  driver.submit(first, planOf("p"), { watch: true, only_outcome: true });
  driver.submit(second, planOf("p"), { watch: true, only_outcome: true });
  expect(driver.take(first, "Accepted").existing).toBe(false);
  expect(driver.take(second, "Accepted").existing).toBe(true);
  const other = planOf("p", { input: { source: "Inline", value: { type: "Empty" } } });
  driver.submit(second, other, { request_id: 2 });
  expect(driver.take(second, "Error")).toMatchObject({ code: "PLAN_ID_CONFLICT", request_id: 2 });
  driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  driver.take(worker, "ResultAck");
  driver.expectNothingMoreFor(worker);
  for (const client of [first, second]) expect(driver.eventsTo(client)).toHaveLength(1);
});

it("a plan's name is that of its metadata", async () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.submit(client, planOf("p", { metadata: { name: "tidy" } }));
  driver.receive(client, { type: "Get", request_id: 2, plan_id: "p" });
  expect(driver.take(client, "Got").summary).toMatchObject({ name: "tidy", state: "Queued" });
  driver.receive(client, { type: "ListPlans", request_id: 3, limit: 10 });
  await driver.answerQuestions();
  expect(driver.take(client, "Plans")).toMatchObject({ total: 1, plans: [{ name: "tidy" }] });
});

it("a plan that needs no filter runs anywhere", async () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w", []);
  expect(await refusal(driver, planOf("p", { plan: "Empty", bindings: [] }))).toBeUndefined();
  driver.take(worker, "AssignPlan");
});

it("ids that hold what part ids are made of stay apart", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w", ["f"], { max_concurrent: 2 });
  const client = driver.client();
  driver.submit(client, planOf("p/0#"), { watch: true, only_outcome: true });
  const assigned = driver.take(worker, "AssignPlan");
  expect(assigned.plan.plan_id).toBe("p%2F0%23");
  driver.answer(worker, assigned, 1);
  expect(driver.take(client, "PlanEvent")).toMatchObject({ plan_id: "p/0#" });
});

it("plans that have not ended take a bounded number of bytes together, and room comes free as they end", async () => {
  const driver = new CoordinatorDriver({ settings: { maxLiveBytes: 1_000 } });
  const client = driver.client();
  driver.submit(client, planOf("a"), {}, 600);
  driver.submit(client, planOf("b"), {}, 600);
  await driver.answerQuestions();
  expect(driver.take(client, "Error")).toMatchObject({
    code: "QUEUE_FULL",
    plan_id: "b",
    details: { limit: 1_000, queued: 600 },
  });
  driver.receive(client, { type: "Cancel", request_id: 2, plan_id: "a" });
  expect(driver.core.state.liveBytes).toBe(0);
  driver.submit(client, planOf("b"), {}, 600);
  expect(driver.take(client, "Accepted")).toMatchObject({ plan_id: "a" });
  expect(driver.take(client, "Accepted")).toMatchObject({ plan_id: "b" });
});

it("what was accepted and has ended is not refused because the queue is full by now", async () => {
  const driver = new CoordinatorDriver({ settings: { maxQueued: 1, maxEnded: 0 } });
  const client = driver.client();
  driver.submit(client, planOf("a"));
  driver.take(client, "Accepted");
  driver.receive(client, { type: "Cancel", request_id: 2, plan_id: "a" });
  driver.submit(client, planOf("b"));
  driver.take(client, "Accepted");
  driver.submit(client, planOf("a"));
  driver.submit(client, planOf("c"));
  await driver.answerQuestions();
  expect(driver.take(client, "Accepted")).toMatchObject({ plan_id: "a", existing: true });
  expect(driver.take(client, "Error")).toMatchObject({ plan_id: "c", code: "QUEUE_FULL" });
});

it("nothing is called a conflict with a submission that is not written: the store may hold another one under its id", async () => {
  const driver = new CoordinatorDriver({ settings: { maxEnded: 0 } });
  const [worker, client] = [driver.worker("w"), driver.client()];
  driver.submit(client, planOf("p"));
  driver.take(client, "Accepted");
  driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  driver.holdsWrites = true;
  const other = planOf("p", { input: null });
  driver.submit(client, other, { request_id: 2 });
  driver.submit(client, planOf("p"), { request_id: 3 });
  driver.expectNothingMoreFor(client);
  driver.answerWrites();
  await driver.answerQuestions();
  expect(driver.take(client, "Accepted")).toMatchObject({ request_id: 3, existing: true });
  expect(driver.take(client, "Error")).toMatchObject({ code: "PLAN_ID_CONFLICT", request_id: 2 });
});

it("a submission that waited for another one of its id to be written is told to try again when that is not", async () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.holdsWrites = true;
  driver.submit(client, planOf("p"));
  driver.submit(client, planOf("p", { input: null }), { request_id: 2 });
  driver.answerWrites({ type: "failed", reason: "disk full" });
  await driver.answerQuestions();
  const codes = ["Error", "Error"].map(() => driver.take(client, "Error").code);
  expect(codes).toEqual(["STORE_UNAVAILABLE", "STORE_UNAVAILABLE"]);
});
