import { expect, it } from "vitest";
import { CoordinatorDriver, planOf, registerMessage } from "../testing/coordinator-driver.js";

it("Get tells the state, and the outcome once there is one, from memory as from the store", async () => {
  for (const maxEnded of [10, 0]) {
    const driver = new CoordinatorDriver({ settings: { maxEnded } });
    const worker = driver.worker("w");
    const client = driver.client();
    driver.submit(client, planOf("p"));
    const get = { type: "Get", request_id: 4, plan_id: "p" } as const;
    driver.receive(client, get);
    expect(driver.take(client, "Got")).toMatchObject({
      request_id: 4,
      summary: { plan_id: "p", kind: "plan", state: "Running", attempts: 1, worker_id: "w" },
    });
    driver.answer(worker, driver.take(worker, "AssignPlan"), 5);
    driver.receive(client, get);
    await driver.answerQuestions();
    expect(driver.take(client, "Got")).toMatchObject({
      summary: { state: "Succeeded", finished_at: expect.any(Number) },
      outcome: { status: "Succeeded", output: { data: 5 }, attempts: 1, worker_id: "w" },
    });
  }
});

it("nothing is told that is not written: a Get waits for the write that it would reveal", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  driver.submit(client, planOf("p"));
  const assigned = driver.take(worker, "AssignPlan");
  driver.take(client, "Accepted");
  driver.holdsWrites = true;
  driver.answer(worker, assigned, 5);
  driver.receive(client, { type: "Get", request_id: 4, plan_id: "p" });
  driver.expectNothingMoreFor(client);
  driver.answerWrites();
  expect(driver.take(client, "Got")).toMatchObject({ summary: { state: "Succeeded" } });
});

it("a store that can't be read is said so", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.receive(client, { type: "Get", request_id: 4, plan_id: "ghost" });
  const load = driver.others.flatMap((effect) => (effect.type === "load" ? [effect.load] : []))[0];
  driver.step({ type: "loadFailed", load: load ?? 0, reason: "disk gone" });
  expect(driver.take(client, "Error")).toMatchObject({ code: "STORE_UNAVAILABLE", request_id: 4 });
});

it("workers are listed with what they offer and do, by id", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const { capabilities } = registerMessage("w");
  driver.worker("b", ["f"], {
    max_concurrent: 1,
    implementation: "planwire",
    version: "9",
    capabilities: { ...capabilities, cpu_cores: 8, tags: ["gpu"] },
  });
  driver.inherited("a");
  driver.submit(client, planOf("p"));
  driver.passTime(400);
  driver.receive(client, { type: "ListWorkers", request_id: 2 });
  expect(driver.take(client, "Workers").workers).toEqual([
    expect.objectContaining({ worker_id: "a", inherited: true, state: "ready", slots: 1 }),
    {
      worker_id: "b",
      state: "busy",
      slots: 1,
      active_plans: 1,
      active_streams: 0,
      filters: [{ name: "f", kind: "Stateless", stream_mode: "FixedState" }],
      tags: ["gpu"],
      inherited: false,
      implementation: "planwire",
      version: "9",
      cpu_cores: 8,
      heartbeat_age_ms: 400,
      health: "ok",
    },
  ]);
});

it("plans are listed newest first, by state and page", async () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  for (const id of ["a", "b", "c"]) driver.submit(client, planOf(id));
  driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  driver.receive(client, { type: "ListPlans", request_id: 2, limit: 2 });
  driver.receive(client, { type: "ListPlans", request_id: 3, limit: 2, before: "b" });
  driver.receive(client, { type: "ListPlans", request_id: 4, limit: 2, state: "Succeeded" });
  await driver.answerQuestions();
  const pages = [1, 2, 3].map(() => driver.take(client, "Plans"));
  expect(pages.map(({ plans }) => plans.map(({ plan_id }) => plan_id))).toEqual([
    ["c", "b"],
    ["a"],
    ["a"],
  ]);
  expect(pages.map(({ total }) => total)).toEqual([3, 3, 1]);
});

it("ended executions leave memory, but for the latest, and the store has them all", async () => {
  const driver = new CoordinatorDriver({ settings: { maxEnded: 3 } });
  const worker = driver.worker("w");
  const client = driver.client();
  for (let i = 0; i < 50; i++) {
    driver.submit(client, planOf(`p${i}`));
    driver.answer(worker, driver.take(worker, "AssignPlan"), i);
  }
  const { state } = driver.core;
  expect([state.executions.size, state.ended.size, state.liveBytes]).toEqual([3, 3, 0]);
  expect([state.lanes.size, state.writes.size, state.loads.size]).toEqual([0, 0, 0]);
  driver.receive(client, { type: "Get", request_id: 4, plan_id: "p0" });
  await driver.answerQuestions();
  expect(driver.take(client, "Got")).toMatchObject({ outcome: { output: { data: 0 } } });
});

it("ended executions leave memory beyond their bytes, and one that is large at once", async () => {
  const driver = new CoordinatorDriver({ settings: { maxEndedBytes: 20_000 } });
  const worker = driver.worker("w");
  const client = driver.client();
  const run = (id: string, bytes: number) => {
    driver.submit(client, planOf(id), {}, bytes);
    driver.answer(worker, driver.take(worker, "AssignPlan"), id);
  };
  const kept = () => [...driver.core.state.executions.keys()];
  for (let i = 0; i < 30; i++) run(`small${i}`, 200);
  const before = kept();
  expect(before.length).toBeGreaterThan(10);
  run("large", 5_000);
  expect(kept()).toEqual(before);
  for (let i = 0; i < 12; i++) run(`middling${i}`, 1_000);
  expect(kept().length).toBeLessThan(10);
  driver.receive(client, { type: "Get", request_id: 4, plan_id: "large" });
  await driver.answerQuestions();
  expect(driver.take(client, "Got")).toMatchObject({ outcome: { output: { data: "large" } } });
});

it("what was asked before the acceptance is written shows nothing that is decided meanwhile and not written yet", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.holdsWrites = true;
  driver.submit(client, planOf("p"));
  driver.receive(client, { type: "Get", request_id: 4, plan_id: "p" });
  driver.receive(client, { type: "Cancel", request_id: 5, plan_id: "p" });
  driver.answerWrites();
  expect(driver.typesTo(client)).toEqual(["Accepted"]);
  driver.answerWrites();
  expect(driver.typesTo(client)).toEqual(["Accepted", "CancelAnswer", "Got"]);
});
