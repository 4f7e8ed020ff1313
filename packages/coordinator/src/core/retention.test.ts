import { expect, it } from "vitest";
import { CoordinatorDriver, planOf } from "../testing/coordinator-driver.js";

type Conn = ReturnType<CoordinatorDriver["connect"]>;

const KEEP = { keepMs: 10_000, pruneIntervalMs: 1_000 };

function run(driver: CoordinatorDriver, worker: Conn, client: Conn, id: string): void {
  driver.submit(client, planOf(id));
  driver.answer(worker, driver.take(worker, "AssignPlan"), id);
  driver.take(client, "Accepted");
}
async function passTime(driver: CoordinatorDriver, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    driver.passTime(50);
    await driver.answerQuestions();
  }
}
const pruning = (driver: CoordinatorDriver) => driver.core.state.pruning ?? 0;
const prunes = (driver: CoordinatorDriver) =>
  driver.others.flatMap((effect) => (effect.type === "prune" ? [effect] : []));

it("what has ended is kept for its time, then neither memory nor the store knows it", async () => {
  const driver = new CoordinatorDriver({ settings: KEEP });
  const worker = driver.worker("w");
  const client = driver.client();
  run(driver, worker, client, "p");
  const get = { type: "Get", request_id: 4, plan_id: "p" } as const;
  await passTime(driver, 9_900);
  driver.heartbeat(worker);
  driver.receive(client, get);
  expect(driver.take(client, "Got")).toMatchObject({ outcome: { status: "Succeeded" } });
  await passTime(driver, 1_500);
  driver.receive(client, get);
  await driver.answerQuestions();
  expect(driver.take(client, "Error")).toMatchObject({ code: "PLAN_UNKNOWN", request_id: 4 });
  expect(driver.core.state.executions.size).toBe(0);
});

it("the id of what was removed is free: the same plan is a new execution", async () => {
  const driver = new CoordinatorDriver({ settings: KEEP });
  const worker = driver.worker("w");
  const client = driver.client();
  run(driver, worker, client, "p");
  await passTime(driver, 12_000);
  driver.heartbeat(worker);
  driver.submit(client, planOf("p", { mode: "Forward", metadata: { name: "anew" } }));
  expect(driver.take(client, "Accepted")).toMatchObject({ existing: false });
  expect(driver.take(worker, "AssignPlan")).toMatchObject({ attempt: 1 });
});

it("a plan may say how long it is kept, shorter or longer than all others", async () => {
  const driver = new CoordinatorDriver({ settings: KEEP });
  const worker = driver.worker("w");
  const client = driver.client();
  for (const [id, keep_ms] of [
    ["short", 2_000],
    ["long", 20_000],
  ] as const) {
    driver.submit(client, planOf(id, { policy: { keep_ms } }));
    driver.answer(worker, driver.take(worker, "AssignPlan"), id);
  }
  await passTime(driver, 4_000);
  expect([...driver.core.state.executions.keys()]).toEqual(["long"]);
  expect(await driver.store.get("short")).toBeUndefined();
  await passTime(driver, 14_000);
  expect(await driver.store.get("long")).toBeDefined();
  await passTime(driver, 4_000);
  expect(await driver.store.get("long")).toBeUndefined();
});

it("what lives is kept, however old it is", async () => {
  const driver = new CoordinatorDriver({ settings: KEEP });
  const client = driver.client();
  driver.submit(client, planOf("p"));
  await passTime(driver, 30_000);
  expect(driver.core.state.executions.get("p")).toMatchObject({ state: "Queued" });
  expect(await driver.store.get("p")).toMatchObject({ state: "Queued" });
});

it("one batch of a thousand at a time is removed, the next one soon, until nothing is left", () => {
  const driver = new CoordinatorDriver({ settings: KEEP });
  const answer = (removed: number) => {
    driver.others.length = 0;
    driver.step({ type: "pruneDone", prune: pruning(driver), removed });
  };
  driver.passTime(5_000);
  expect(prunes(driver)).toMatchObject([{ query: { limit: 1_000 } }]);
  answer(1_000);
  driver.passTime(100);
  expect(prunes(driver)).toHaveLength(1);
  answer(0);
  driver.passTime(900);
  expect(prunes(driver)).toHaveLength(0);
  driver.passTime(200);
  expect(prunes(driver)).toHaveLength(1);
});

it("a store that can't remove anything is asked again at its next time", () => {
  const driver = new CoordinatorDriver({ settings: KEEP });
  driver.passTime(1_000);
  driver.step({ type: "pruneFailed", prune: pruning(driver), reason: "disk gone" });
  expect(driver.others).toContainEqual(expect.objectContaining({ type: "log", level: "warn" }));
  driver.passTime(1_000);
  expect(prunes(driver)).toHaveLength(2);
});
