import { expect, it } from "vitest";
import { CoordinatorDriver, planOf } from "../testing/coordinator-driver.js";

type Conn = ReturnType<CoordinatorDriver["connect"]>;

function told(driver: CoordinatorDriver, worker: Conn, event_type: string, node_id: string): void {
  const event = { event_type, run_id: "p", node_id, progress: 0.5 };
  driver.receive(worker, { type: "Event", worker_id: "w", plan_id: "p", attempt: 1, event });
}
const kindsTo = (driver: CoordinatorDriver, client: Conn) =>
  driver
    .eventsTo(client)
    .map((event) => (event.kind === "Worker" ? event.event.event_type : event.kind));
const block = (driver: CoordinatorDriver, conn: Conn) =>
  driver.step({ type: "connectionBlocked", conn });

function watched(settings = {}) {
  const driver = new CoordinatorDriver({ settings });
  const worker = driver.worker("w");
  const client = driver.client();
  driver.submit(client, planOf("p"), { watch: true });
  const assigned = driver.take(worker, "AssignPlan");
  return { driver, worker, client, assigned };
}

it("who reads slowly is told nothing more, and later what is kept: the newest progress, what was lost, all that is durable", () => {
  const { driver, worker, client, assigned } = watched({ maxEvents: 3 });
  block(driver, client);
  for (let i = 0; i < 10; i++) told(driver, worker, "NodeStarted", `n${i}`);
  for (let i = 0; i < 10; i++) told(driver, worker, "NodeProgress", "f");
  expect(kindsTo(driver, client)).toEqual(["Accepted", "AttemptStarted"]);
  driver.drain(client);
  const kinds = ["EventsLost", "NodeStarted", "NodeStarted", "NodeProgress"];
  expect(kindsTo(driver, client).slice(2)).toEqual(kinds);
  driver.answer(worker, assigned, 1);
  expect(kindsTo(driver, client).at(-1)).toBe("Finished");
});

it("an outcome waits for who reads slowly, also when it has left memory by then", async () => {
  for (const maxEnded of [10, 0]) {
    const { driver, worker, client, assigned } = watched({ maxEnded });
    const waiting = driver.client();
    const only_outcome = true;
    driver.receive(waiting, { type: "Watch", request_id: 2, plan_id: "p", only_outcome });
    for (const conn of [client, waiting]) block(driver, conn);
    driver.answer(worker, assigned, 1);
    expect(kindsTo(driver, waiting)).toEqual([]);
    for (const conn of [client, waiting]) driver.drain(conn);
    await driver.answerQuestions();
    expect(kindsTo(driver, waiting)).toEqual(["Finished"]);
    expect(kindsTo(driver, client).filter((kind) => kind === "Finished")).toHaveLength(1);
    expect(driver.core.state.connections.get(client)?.behind.size).toBe(0);
  }
});

it("who catches up is not taken in by another submission under the id, which is refused in the end", async () => {
  const { driver, worker, client, assigned } = watched({ maxEnded: 0 });
  block(driver, client);
  driver.answer(worker, assigned, 1);
  driver.holdsWrites = true;
  const other = planOf("p", { input: { source: "Inline", value: { type: "Empty" } } });
  const rival = driver.client();
  driver.submit(rival, other, { watch: true, only_outcome: true });
  driver.drain(client);
  driver.answerWrites({ type: "exists", state: "Succeeded" });
  await driver.answerQuestions();
  expect(driver.take(rival, "Error")).toMatchObject({ code: "PLAN_ID_CONFLICT" });
  expect(kindsTo(driver, rival)).toEqual([]);
  expect(kindsTo(driver, client).at(-1)).toBe("Finished");
});

it("a Watch of a connection that is blocked is answered at once, and its events come later", () => {
  const { driver } = watched();
  const late = driver.client();
  block(driver, late);
  driver.receive(late, { type: "Watch", request_id: 2, plan_id: "p" });
  expect(driver.take(late, "Watching")).toMatchObject({ state: "Running" });
  driver.expectNothingMoreFor(late);
  driver.drain(late);
  expect(kindsTo(driver, late)).toEqual(["Accepted", "AttemptStarted"]);
});

it("a Submit that comes again takes no events from who is to be told all of them later, in memory or not", async () => {
  for (const maxEnded of [10, 0]) {
    const { driver, worker, assigned } = watched({ maxEnded });
    driver.answer(worker, assigned, 1);
    const late = driver.client();
    block(driver, late);
    driver.receive(late, { type: "Watch", request_id: 2, plan_id: "p" });
    await driver.answerQuestions();
    driver.submit(late, planOf("p"), { watch: true, only_outcome: true });
    await driver.answerQuestions();
    driver.drain(late);
    await driver.answerQuestions();
    expect(kindsTo(driver, late)).toEqual(expect.arrayContaining(["Accepted", "AttemptStarted"]));
  }
});

it("after Unwatch nothing comes later", () => {
  const { driver, worker, client } = watched();
  block(driver, client);
  told(driver, worker, "NodeStarted", "f");
  driver.receive(client, { type: "Unwatch", plan_id: "p" });
  driver.drain(client);
  expect(kindsTo(driver, client)).toEqual(["Accepted", "AttemptStarted"]);
});

it("who catches up is told a little at a time", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  block(driver, client);
  for (let i = 0; i < 10; i++) {
    const only_outcome = { watch: true, only_outcome: true };
    driver.submit(client, planOf(`p${i}`), only_outcome, 100_000);
    driver.answer(worker, driver.take(worker, "AssignPlan"), i);
  }
  const counts = [];
  for (let i = 0; i < 4; i++) {
    driver.drain(client);
    counts.push(driver.eventsTo(client).length);
  }
  expect(counts).toEqual([3, 6, 9, 10]);
  expect(driver.slow.size).toBe(0);
});

it("who falls behind on too many executions is closed, and may come again", () => {
  const driver = new CoordinatorDriver({ settings: { maxWatches: 2 } });
  const worker = driver.worker("w");
  const client = driver.client();
  block(driver, client);
  for (const id of ["a", "b", "c"]) {
    driver.submit(client, planOf(id), { watch: true, only_outcome: true });
    driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  }
  expect(driver.closed).toEqual([{ conn: client, code: "SESSION_EXPIRED" }]);
});

it("who can't be told what it missed is closed, so that it asks for itself", () => {
  const { driver, worker, client, assigned } = watched({ maxEnded: 0 });
  block(driver, client);
  driver.answer(worker, assigned, 1);
  driver.drain(client);
  const load = driver.others.flatMap((effect) => (effect.type === "load" ? [effect.load] : []));
  driver.step({ type: "loadFailed", load: load[0] ?? 0, reason: "disk gone" });
  expect(driver.closed).toEqual([{ conn: client, code: "SESSION_EXPIRED" }]);
});
