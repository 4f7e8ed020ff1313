import type { RanNode } from "@planwire/protocol";
import { expect, it } from "vitest";
import {
  CoordinatorDriver,
  planOf,
  resultMessage,
  success,
} from "../testing/coordinator-driver.js";

type Conn = ReturnType<CoordinatorDriver["connect"]>;

function progress(driver: CoordinatorDriver, worker: Conn, progress: number, node_id = "f") {
  const event = { event_type: "NodeProgress", run_id: "p", node_id, progress } as const;
  driver.receive(worker, { type: "Event", worker_id: "w", plan_id: "p", attempt: 1, event });
}
function started(driver: CoordinatorDriver, worker: Conn, node_id: string) {
  const event = { event_type: "NodeStarted", run_id: "p", node_id } as const;
  driver.receive(worker, { type: "Event", worker_id: "w", plan_id: "p", attempt: 1, event });
}
const kindsTo = (driver: CoordinatorDriver, client: Conn) =>
  driver
    .eventsTo(client)
    .map((event) => (event.kind === "Worker" ? event.event.event_type : event.kind));
const numbersTo = (driver: CoordinatorDriver, client: Conn) =>
  driver.sent.flatMap(({ conn, message }) =>
    conn === client && message.type === "PlanEvent" ? [message.number[1]] : [],
  );
const watch = (driver: CoordinatorDriver, client: Conn, more: object = {}) =>
  driver.receive(client, { type: "Watch", request_id: 5, plan_id: "p", ...more });

it("a Submit that comes again takes no events from whoever has asked for all since", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const again = () => driver.submit(client, planOf("p"), { watch: true, only_outcome: true });
  again();
  watch(driver, client);
  again();
  driver.worker("w");
  expect(kindsTo(driver, client)).toEqual(["Accepted", "AttemptStarted"]);
});

it("what a result brings along is told before Finished, and not again when the result is sent again", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.submit(client, planOf("p"), { watch: true });
  const about = { run_id: "p", node_id: "f" };
  const message = {
    ...resultMessage(driver.take(worker, "AssignPlan"), success({ type: "Empty" })),
    events: [
      { event_type: "NodeStarted", ...about },
      { event_type: "NodeCompleted", ...about, duration: 1 },
    ],
  };
  driver.receive(worker, message);
  driver.receive(worker, message);
  const kinds = ["Accepted", "AttemptStarted", "NodeStarted", "NodeCompleted", "Finished"];
  expect(kindsTo(driver, client)).toEqual(kinds);
});

it("one Started says of several attempts that they have begun", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w", ["f"], { max_concurrent: 3 });
  for (const id of ["p", "q", "r"]) driver.submit(driver.client(), planOf(id));
  driver.receive(worker, { type: "Started", plan_id: "p", attempt: 1, also: [["r", 1]] });
  const held = [...(driver.core.state.workers.get("w")?.held.values() ?? [])];
  expect(held.map(({ planId, started: begun }) => [planId, begun])).toEqual([
    ["p", true],
    ["q", false],
    ["r", true],
  ]);
});

it("a watcher gets what is kept and what comes, in the order of their numbers, and Finished last", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const [submitter, late] = [driver.client(), driver.client()];
  driver.submit(submitter, planOf("p"), { watch: true });
  const assigned = driver.take(worker, "AssignPlan");
  started(driver, worker, "f");
  watch(driver, late);
  expect(driver.take(late, "Watching")).toMatchObject({ request_id: 5, state: "Running" });
  progress(driver, worker, 0.5);
  driver.answer(worker, assigned, 1);
  const kinds = ["Accepted", "AttemptStarted", "NodeStarted", "NodeProgress", "Finished"];
  expect(kindsTo(driver, submitter)).toEqual(kinds);
  expect(kindsTo(driver, late)).toEqual(kinds);
  const numbers = driver.sent.flatMap(({ conn, message }) =>
    conn === late && message.type === "PlanEvent" ? [message.number] : [],
  );
  expect(numbers.every(([boot]) => boot === 1)).toBe(true);
  expect(numbers).toEqual(numbers.toSorted(([, a], [, b]) => a - b));
});

it("a watcher that resumes by a number gets only what came after it", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.submit(client, planOf("p"), { watch: true });
  started(driver, worker, "f");
  const seen = driver.sent.flatMap(({ message }) =>
    message.type === "PlanEvent" ? [message.number] : [],
  );
  const again = driver.client();
  watch(driver, again, { from: seen[1] });
  expect(kindsTo(driver, again)).toEqual(["NodeStarted"]);
});

it("who waits for the outcome alone gets nothing else", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.submit(client, planOf("p"), { watch: true, only_outcome: true });
  started(driver, worker, "f");
  driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  expect(kindsTo(driver, client)).toEqual(["Finished"]);
});

it("who waits for the outcome alone is not told it a second time", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.submit(client, planOf("p"), { watch: true, only_outcome: true });
  driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  const [finished] = driver.sent.flatMap(({ message }) =>
    message.type === "PlanEvent" ? [message.number] : [],
  );
  watch(driver, client, { only_outcome: true, from: finished });
  expect(kindsTo(driver, client)).toEqual(["Finished"]);
  watch(driver, client, { only_outcome: true, from: [1, 1] });
  expect(kindsTo(driver, client)).toEqual(["Finished", "Finished"]);
});

it("a later Watch of a connection replaces its earlier one; after Unwatch nothing comes", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.submit(client, planOf("p"), { watch: true });
  watch(driver, client, { only_outcome: true });
  started(driver, worker, "f");
  expect(kindsTo(driver, client)).toEqual(["Accepted", "AttemptStarted"]);
  driver.receive(client, { type: "Unwatch", plan_id: "p" });
  driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  expect(kindsTo(driver, client)).toEqual(["Accepted", "AttemptStarted"]);
});

it("of a node's progress only the newest is kept", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  driver.submit(driver.client(), planOf("p"));
  for (let i = 1; i <= 100; i++) {
    progress(driver, worker, i / 100, "f");
    progress(driver, worker, i / 100, "g");
  }
  const late = driver.client();
  watch(driver, late);
  expect(kindsTo(driver, late)).toEqual([
    "Accepted",
    "AttemptStarted",
    "NodeProgress",
    "NodeProgress",
  ]);
});

it("what falls out of the ring is one EventsLost, and no durable event falls out", () => {
  const driver = new CoordinatorDriver({ settings: { maxEvents: 2 } });
  const worker = driver.worker("w");
  driver.submit(driver.client(), planOf("p"));
  for (let i = 0; i < 10; i++) started(driver, worker, `n${i}`);
  const late = driver.client();
  watch(driver, late);
  expect(kindsTo(driver, late)).toEqual([
    "Accepted",
    "AttemptStarted",
    "EventsLost",
    "NodeStarted",
    "NodeStarted",
  ]);
  expect(driver.eventsTo(late)[2]).toEqual({ kind: "EventsLost", from: [1, 3], to: [1, 10] });
});

it("who has seen all that was lost is told nothing of it, who has seen a part what came after that", () => {
  const driver = new CoordinatorDriver({ settings: { maxEvents: 2 } });
  const worker = driver.worker("w");
  driver.submit(driver.client(), planOf("p"));
  for (let i = 0; i < 10; i++) started(driver, worker, `n${i}`);
  const [all, part] = [driver.client(), driver.client()];
  watch(driver, all, { from: [1, 10] });
  expect(kindsTo(driver, all)).toEqual(["NodeStarted", "NodeStarted"]);
  watch(driver, part, { from: [1, 7] });
  expect(kindsTo(driver, part)).toEqual(["EventsLost", "NodeStarted", "NodeStarted"]);
  expect(driver.eventsTo(part)[0]).toMatchObject({ from: [1, 7], to: [1, 10] });
});

it("events of one execution take a bounded number of bytes", () => {
  const driver = new CoordinatorDriver({ settings: { maxEventBytes: 1_000 } });
  const worker = driver.worker("w");
  driver.submit(driver.client(), planOf("p"));
  for (let i = 0; i < 100; i++) started(driver, worker, `n${i}`);
  const kept = driver.core.state.executions.get("p")?.events?.kept ?? [];
  const told = kept.filter((one) => one.type === "PlanEvent" && one.event.kind === "Worker");
  expect(told.length).toBeLessThanOrEqual(10);
  expect(kept.at(-1)).toMatchObject({ event: { event: { node_id: "n99" } } });
});

it("nodes that ran are told as two events each, to who watches and to who comes later", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const [watching, waiting, late] = [driver.client(), driver.client(), driver.client()];
  driver.submit(watching, planOf("p"), { watch: true });
  driver.receive(waiting, { type: "Watch", request_id: 1, plan_id: "p", only_outcome: true });
  const ran: RanNode[] = [
    ["f", "fit", 3],
    ["f", "forward", 4],
  ];
  const assigned = driver.take(worker, "AssignPlan");
  driver.receive(worker, { ...resultMessage(assigned, success({ type: "Empty" })), ran });
  watch(driver, late, {});
  const node = { run_id: "p", node_id: "f" };
  for (const client of [watching, late]) {
    expect(driver.eventsTo(client)).toMatchObject([
      { kind: "Accepted" },
      { kind: "AttemptStarted" },
      { kind: "Worker", event: { event_type: "NodeStarted", ...node, kind: "fit" } },
      { kind: "Worker", event: { event_type: "NodeCompleted", ...node, duration: 3 } },
      { kind: "Worker", part_id: "p", attempt: 1, event: { ...node, kind: "forward" } },
      { kind: "Worker", worker_id: "w", event: { ...node, duration: 4 } },
      { kind: "Finished" },
    ]);
    expect(numbersTo(driver, client)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  }
  expect(driver.eventsTo(waiting)).toMatchObject([{ kind: "Finished" }]);
});

it("no nodes that ran are no event", () => {
  const driver = new CoordinatorDriver();
  const [worker, client] = [driver.worker("w"), driver.client()];
  driver.submit(client, planOf("p"), { watch: true });
  const assigned = driver.take(worker, "AssignPlan");
  driver.receive(worker, { ...resultMessage(assigned, success({ type: "Empty" })), ran: [] });
  const kept = driver.core.state.executions.get("p")?.events?.kept ?? [];
  expect(kept.map(({ type }) => type)).toEqual(["PlanEvent", "PlanEvent"]);
});

it("of nodes that ran, too, so many are kept: whoever comes later is told which numbers are lost", () => {
  const driver = new CoordinatorDriver({ settings: { maxEvents: 4 } });
  const worker = driver.worker("w");
  driver.submit(driver.client(), planOf("p"));
  started(driver, worker, "x");
  const ran: RanNode[] = [
    ["f", "forward", 1],
    ["g", "forward", 1],
    ["h", "forward", 1],
  ];
  const assigned = driver.take(worker, "AssignPlan");
  driver.receive(worker, { ...resultMessage(assigned, success({ type: "Empty" })), ran });
  const late = driver.client();
  watch(driver, late, {});
  expect(kindsTo(driver, late)).toEqual(["Accepted", "AttemptStarted", "EventsLost", "Finished"]);
  expect(driver.eventsTo(late)[2]).toEqual({ kind: "EventsLost", from: [1, 3], to: [1, 9] });
});

it("what ran in an attempt that the worker does not hold goes to nobody", () => {
  const driver = new CoordinatorDriver();
  const [worker, client] = [driver.worker("w"), driver.client()];
  driver.submit(client, planOf("p"), { watch: true });
  const assigned = { ...driver.take(worker, "AssignPlan"), attempt: 2 };
  const ran: RanNode[] = [["f", "forward", 1]];
  driver.receive(worker, { ...resultMessage(assigned, success({ type: "Empty" })), ran });
  expect(kindsTo(driver, client)).toEqual(["Accepted", "AttemptStarted"]);
});

it("an event of an attempt that the worker does not hold goes to nobody", () => {
  const driver = new CoordinatorDriver();
  const [w, x] = [driver.worker("w"), driver.worker("x")];
  const client = driver.client();
  driver.submit(client, planOf("p"), { watch: true });
  const event = { event_type: "NodeStarted", run_id: "p", node_id: "f" } as const;
  driver.receive(x, { type: "Event", worker_id: "x", plan_id: "p", attempt: 1, event });
  driver.receive(w, { type: "Event", worker_id: "w", plan_id: "p", attempt: 2, event });
  expect(kindsTo(driver, client)).toEqual(["Accepted", "AttemptStarted"]);
});

it("after a restart a watcher is told that events were lost, then what is durable, then what comes", async () => {
  const before = new CoordinatorDriver();
  const client = before.client();
  const worker = before.worker("w");
  before.submit(client, planOf("p"), { watch: true });
  started(before, worker, "f");
  const driver = await before.restarted();
  const late = driver.client();
  watch(driver, late, { from: [1, 3] });
  expect(kindsTo(driver, late)).toEqual(["EventsLost", "Accepted", "AttemptStarted"]);
  expect(driver.eventsTo(late)[0]).toMatchObject({ from: [1, 3] });
  const numbers = driver.sent.flatMap(({ conn, message }) =>
    conn === late && message.type === "PlanEvent" ? [message.number] : [],
  );
  expect(numbers.slice(1).every(([boot]) => boot === 2)).toBe(true);
});

it("of what has left memory the durable events are told, under numbers after all others", async () => {
  const driver = new CoordinatorDriver({ settings: { maxEnded: 0 } });
  const worker = driver.worker("w");
  const client = driver.client();
  driver.submit(client, planOf("p"), { watch: true });
  started(driver, worker, "f");
  driver.disconnect(worker);
  const again = driver.worker("w");
  driver.answer(again, driver.take(again, "AssignPlan"), 1);
  const last = driver.core.state.lastNumber.event;
  const late = driver.client();
  watch(driver, late, { from: [1, 2] });
  await driver.answerQuestions();
  expect(kindsTo(driver, late)).toEqual([
    "EventsLost",
    "Accepted",
    "AttemptStarted",
    "AttemptLost",
    "AttemptStarted",
    "Finished",
  ]);
  expect(driver.eventsTo(late)[0]).toEqual({ kind: "EventsLost", from: [1, 2], to: [1, last] });
  expect(numbersTo(driver, late)).toEqual([0, 1, 2, 3, 4, 5].map((n) => last + n));
  const waiting = driver.client();
  watch(driver, waiting, { only_outcome: true });
  await driver.answerQuestions();
  expect(kindsTo(driver, waiting)).toEqual(["Finished"]);
});

it("an execution that nobody knows can't be watched", async () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  watch(driver, client);
  await driver.answerQuestions();
  expect(driver.take(client, "Error")).toMatchObject({ code: "PLAN_UNKNOWN", request_id: 5 });
});
