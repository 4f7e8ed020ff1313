import { expect, it } from "vitest";
import {
  CoordinatorDriver,
  execute,
  planOf,
  registerMessage,
  resultMessage,
  success,
} from "../testing/coordinator-driver.js";

type Conn = ReturnType<CoordinatorDriver["connect"]>;
const cancel = (driver: CoordinatorDriver, client: Conn, plan_id = "p", request_id = 9) =>
  driver.receive(client, { type: "Cancel", request_id, plan_id, reason: "enough" });
const cancelled = { status: "Cancelled", duration_ms: 1, stopped: true, how: "signal" } as const;
const finished = (driver: CoordinatorDriver, client: Conn) =>
  driver.eventsTo(client).flatMap((event) => (event.kind === "Finished" ? [event.outcome] : []));

it("a plan that waits is Cancelled at once, in the write that holds the wish", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.submit(client, planOf("p"), { watch: true });
  driver.holdsWrites = true;
  cancel(driver, client);
  expect(driver.writes.map(({ content }) => content.changes.map(({ type }) => type))).toEqual([
    ["wishCancel", "finish"],
  ]);
  driver.answerWrites();
  expect(driver.take(client, "CancelAnswer")).toMatchObject({ taken: true });
  expect(finished(driver, client)).toMatchObject([
    { status: "Cancelled", by: "enough", stopped: true, how: "queued" },
  ]);
});

it("a plan that runs is cancelled at its worker when the wish is written, and ends when that answers", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"), { watch: true });
  const assigned = driver.take(worker, "AssignPlan");
  driver.holdsWrites = true;
  cancel(driver, client);
  expect(driver.typesTo(worker)).toEqual([]);
  driver.answerWrites();
  driver.holdsWrites = false;
  expect(driver.take(worker, "CancelPlan")).toMatchObject({ plan_id: "p", attempt: 1 });
  expect(driver.take(client, "CancelAnswer")).toMatchObject({ taken: true, state: "Cancelling" });
  expect(driver.eventsTo(client).map(({ kind }) => kind)).toContain("CancelRequested");
  driver.receive(worker, resultMessage(assigned, { ...cancelled, stopped: false }));
  expect(finished(driver, client)).toMatchObject([
    { status: "Cancelled", by: "enough", stopped: false },
  ]);
});

it("a success that comes before the worker has stopped is the outcome", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"), { watch: true });
  const assigned = driver.take(worker, "AssignPlan");
  cancel(driver, client);
  driver.receive(worker, resultMessage(assigned, success({ type: "Json", data: 1 })));
  expect(finished(driver, client)).toMatchObject([{ status: "Succeeded" }]);
});

it("a cancel that comes while the outcome is being written comes too late", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"));
  const assigned = driver.take(worker, "AssignPlan");
  driver.holdsWrites = true;
  driver.answer(worker, assigned, 1);
  cancel(driver, client);
  expect(driver.sent.filter(({ message }) => message.type === "CancelAnswer")).toEqual([]);
  driver.answerWrites();
  expect(driver.take(client, "CancelAnswer")).toMatchObject({ taken: false, state: "Succeeded" });
  expect(driver.typesTo(worker)).not.toContain("CancelPlan");
});

it("a cancel of what has ended, or never was, says so", async () => {
  const driver = new CoordinatorDriver({ settings: { maxEnded: 0 } });
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"));
  driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  cancel(driver, client, "p", 1);
  cancel(driver, client, "ghost", 2);
  await driver.answerQuestions();
  expect(driver.take(client, "CancelAnswer")).toMatchObject({ taken: false, state: "Succeeded" });
  expect(driver.take(client, "Error")).toMatchObject({ code: "PLAN_UNKNOWN", request_id: 2 });
});

it.each([0, 10])(
  "a cancel that is sent again because its answer was lost is answered like the first (%i kept in memory)",
  async (maxEnded) => {
    const driver = new CoordinatorDriver({ settings: { maxEnded } });
    const client = driver.client();
    driver.submit(client, planOf("p"));
    cancel(driver, client, "p", 1);
    expect(driver.take(client, "CancelAnswer")).toMatchObject({ taken: true });
    cancel(driver, client, "p", 2);
    await driver.answerQuestions();
    expect(driver.take(client, "CancelAnswer")).toMatchObject({ taken: true, state: "Cancelled" });
  },
);

it("a second cancel is answered like the first, and changes nothing", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"));
  driver.take(worker, "AssignPlan");
  cancel(driver, client, "p", 1);
  cancel(driver, client, "p", 2);
  expect(driver.take(client, "CancelAnswer")).toMatchObject({ request_id: 1, taken: true });
  expect(driver.take(client, "CancelAnswer")).toMatchObject({ request_id: 2, taken: true });
  driver.take(worker, "CancelPlan");
  driver.expectNothingMoreFor(worker);
});

it("a worker that is lost while its plan is being cancelled ends it Cancelled, and nobody runs it again", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"), { watch: true });
  driver.take(worker, "AssignPlan");
  cancel(driver, client);
  driver.disconnect(worker);
  const other = driver.worker("other");
  driver.passTime(20_000);
  driver.heartbeat(other);
  driver.passTime(15_000);
  expect(finished(driver, client)).toMatchObject([
    { status: "Cancelled", stopped: false, how: "lost" },
  ]);
  expect(driver.typesTo(other)).not.toContain("AssignPlan");
});

it("a worker that was away when its plan was cancelled is told when it comes back", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"), { watch: true });
  driver.take(worker, "AssignPlan");
  driver.disconnect(worker);
  cancel(driver, client);
  const back = driver.connect();
  const resume = [{ plan_id: "p", attempt: 1, state: "running" } as const];
  driver.receive(back, registerMessage("w", ["f"], { resume }));
  expect(driver.take(back, "CancelPlan")).toMatchObject({ plan_id: "p", attempt: 1 });
});

/** Two arms, each on a worker of its own. */
function armsOn(...workers: readonly [string, string]) {
  const Parallel = ["f", "g"].map((node_id, index) => {
    const id = workers[index] ?? "";
    return {
      Remote: { node_id: `at-${id}`, target: { WorkerId: id }, plan: execute(node_id) },
    };
  });
  const bindings = ["f", "g"].map((node_id) => ({ node_id, uses: "f" }));
  return planOf("p", { plan: { Parallel }, bindings });
}

function twoArms() {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const [a, b] = [driver.worker("a"), driver.worker("b")];
  driver.submit(client, armsOn("a", "b"), { watch: true });
  const [first, second] = [driver.take(a, "AssignPlan"), driver.take(b, "AssignPlan")];
  return { driver, client, a, b, first, second };
}

it("cancelling a plan stops those of its parts that run, and drops those that wait", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const a = driver.worker("a");
  driver.submit(client, armsOn("a", "elsewhere"), { watch: true });
  const assigned = driver.take(a, "AssignPlan");
  expect(driver.core.state.queued).toBe(1);
  cancel(driver, client);
  expect(driver.core.state.queued).toBe(0);
  expect(finished(driver, client)).toEqual([]);
  driver.take(a, "CancelPlan");
  driver.receive(a, resultMessage(assigned, { ...cancelled, stopped: false }));
  expect(finished(driver, client)).toMatchObject([{ status: "Cancelled", stopped: false }]);
});

it("an arm that fails stops the other ones, and the plan fails when they have stopped", () => {
  const { driver, client, a, b, first, second } = twoArms();
  const failed = { status: "Failed", error: "no", duration_ms: 1, code: "FILTER_ERROR" } as const;
  driver.receive(a, resultMessage(first, failed));
  driver.take(b, "CancelPlan");
  expect(finished(driver, client)).toEqual([]);
  driver.receive(b, resultMessage(second, cancelled));
  expect(finished(driver, client)).toMatchObject([{ status: "Failed", error: { message: "no" } }]);
});

it("a cancel that comes before the plan is written is answered after, and the plan does not run", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.holdsWrites = true;
  driver.submit(client, planOf("p"), { watch: true });
  cancel(driver, client);
  expect(driver.sent).toEqual([]);
  driver.answerWrites();
  driver.answerWrites();
  driver.holdsWrites = false;
  const assigned = driver.take(worker, "AssignPlan");
  driver.take(worker, "CancelPlan");
  driver.receive(worker, resultMessage(assigned, cancelled));
  expect(finished(driver, client)).toMatchObject([{ status: "Cancelled" }]);
});

it("a plan whose submitter has gone is cancelled by whoever asks", () => {
  const driver = new CoordinatorDriver();
  const submitter = driver.client();
  const worker = driver.worker("w");
  driver.submit(submitter, planOf("p"));
  const assigned = driver.take(worker, "AssignPlan");
  driver.disconnect(submitter);
  const client = driver.client();
  cancel(driver, client);
  driver.take(worker, "CancelPlan");
  driver.receive(worker, resultMessage(assigned, cancelled));
  driver.receive(client, { type: "Get", request_id: 10, plan_id: "p" });
  expect(driver.take(client, "Got")).toMatchObject({ summary: { state: "Cancelled" } });
});

it("an arm that was stopped while its worker was away is told when that comes back, and not run again when it does not", () => {
  const { driver, client, a, b, first, second } = twoArms();
  driver.disconnect(b);
  const failed = { status: "Failed", error: "no", duration_ms: 1, code: "FILTER_ERROR" } as const;
  driver.receive(a, resultMessage(first, failed));
  const { plan_id } = second.plan;
  const back = driver.connect();
  const resume = [{ plan_id, attempt: 1, state: "running" } as const];
  driver.receive(back, registerMessage("b", ["f"], { resume }));
  expect(driver.take(back, "CancelPlan")).toMatchObject({ plan_id, attempt: 1 });
  driver.step({ type: "connectionClosed", conn: back, reason: "leaving" });
  expect(finished(driver, client)).toMatchObject([{ status: "Failed", attempts: 2 }]);
});

it("the last event says how it stopped: as the part did that was hardest to stop", () => {
  const { driver, client, a, b, first, second } = twoArms();
  cancel(driver, client);
  driver.receive(a, resultMessage(first, { ...cancelled, how: "killed" }));
  driver.receive(b, resultMessage(second, cancelled));
  const [outcome] = finished(driver, client);
  expect(outcome).toMatchObject({ status: "Cancelled", stopped: true, how: "killed" });
});

it.each(["at once", "after a restart"])(
  "an attempt that was lost with its worker may go on somewhere: its plan, cancelled %s, is not called stopped",
  async (when) => {
    const before = new CoordinatorDriver();
    const lost = before.worker("w");
    before.submit(before.client(), planOf("p"));
    before.receive(lost, { type: "Started", plan_id: "p", attempt: 1 });
    before.disconnect(lost);
    before.passTime(40_000);
    const driver = when === "at once" ? before : await before.restarted();
    const client = driver.client();
    cancel(driver, client);
    driver.receive(client, { type: "Get", request_id: 3, plan_id: "p" });
    expect(driver.take(client, "Got").outcome).toMatchObject({
      status: "Cancelled",
      stopped: false,
    });
  },
);

it("an attempt that its worker gave back is surely stopped", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"), { watch: true });
  driver.receive(worker, { type: "Busy", plan_id: "p", attempt: 1 });
  cancel(driver, client);
  expect(finished(driver, client)).toMatchObject([{ status: "Cancelled", stopped: true }]);
});

it("a part that failed while a call of it could not be stopped is not called stopped, though it is tried again and then cancelled", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p", { policy: { retry_codes: ["FILTER_ERROR"] } }), {
    watch: true,
  });
  const failed = { status: "Failed", error: "no", duration_ms: 1, stopped: false } as const;
  driver.receive(worker, resultMessage(driver.take(worker, "AssignPlan"), failed));
  expect(driver.core.state.workers.get("w")?.otherSlots).toBe(1);
  cancel(driver, client);
  expect(finished(driver, client)).toMatchObject([
    { status: "Cancelled", stopped: false, how: "abandoned" },
  ]);
});
