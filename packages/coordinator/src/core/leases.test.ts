import { expect, it } from "vitest";
import { CoordinatorDriver, planOf, registerMessage } from "../testing/coordinator-driver.js";

const LEASE_MS = 30_000;
type Conn = ReturnType<CoordinatorDriver["connect"]>;

function assigned() {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"), { watch: true });
  driver.take(worker, "AssignPlan");
  return { driver, client, worker };
}
const lost = (driver: CoordinatorDriver, client: Conn) =>
  driver.eventsTo(client).filter(({ kind }) => kind === "AttemptLost");

it("a worker that has been silent for half its lease is pinged once, and lives on by its Pong", () => {
  const { driver, worker } = assigned();
  driver.passTime(LEASE_MS / 2);
  driver.expectNothingMoreFor(worker);
  driver.passTime(5_000);
  expect(driver.typesTo(worker)).toEqual(["Ping"]);
  driver.receive(worker, { type: "Pong" });
  driver.passTime(LEASE_MS - 1_000);
  expect(driver.typesTo(worker)).toEqual(["Ping", "Ping"]);
  expect(driver.closed).toEqual([]);
});

it("an inherited peer that is silent is not pinged: it can't answer while it runs something", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.inherited("w");
  driver.passTime(3 * LEASE_MS);
  driver.expectNothingMoreFor(worker);
});

it("a socket that closes starts no new lease: the one from the last sign of life runs on", () => {
  const { driver, client, worker } = assigned();
  driver.passTime(20_000);
  driver.disconnect(worker);
  driver.passTime(9_000);
  expect(lost(driver, client)).toEqual([]);
  driver.passTime(3_000);
  expect(lost(driver, client)).toHaveLength(1);
  expect(driver.core.state.workers.has("w")).toBe(false);
});

it("a killed process's attempts are lost at once when another one registers under its id", () => {
  const { driver, client, worker } = assigned();
  driver.disconnect(worker);
  expect(lost(driver, client)).toEqual([]);
  const fresh = driver.connect();
  driver.receive(fresh, registerMessage("w", ["f"], { incarnation: "w-2" }));
  expect(lost(driver, client)).toHaveLength(1);
  expect(driver.take(fresh, "AssignPlan")).toMatchObject({ plan: { plan_id: "p" }, attempt: 2 });
});

it("nothing of the killed process is believed of the new one: its slots, its drain, its silence", () => {
  const { driver, worker } = assigned();
  driver.heartbeat(worker, { status: "draining", other_slots: 1, main_blocked_ms: 5_000 });
  driver.disconnect(worker);
  const fresh = driver.connect();
  driver.receive(fresh, registerMessage("w", ["f"], { incarnation: "w-2" }));
  driver.take(fresh, "AssignPlan");
});

it("a rival takes the id when the old worker's lease ends before it was given up", () => {
  const driver = new CoordinatorDriver();
  const old = driver.worker("w");
  driver.passTime(LEASE_MS - 500);
  const rival = driver.connect();
  driver.receive(rival, registerMessage("w", ["f"], { incarnation: "other" }));
  driver.passTime(1_600);
  driver.take(rival, "Registered");
  expect(driver.closed).toEqual([{ conn: old, code: "SESSION_REPLACED" }]);
});

it("a sweep that is late by a little extends leases by that little", () => {
  const driver = new CoordinatorDriver();
  driver.worker("w");
  const sweeps = LEASE_MS / 1_000;
  for (let i = 0; i < sweeps; i++) {
    driver.mono += 1_000 + 400; // each time 400 ms late
    driver.step({ type: "woken" });
  }
  expect(driver.closed).toEqual([]);
});

it("a rival waits as much longer as the coordinator stood still: the answer may lie in a socket", () => {
  const driver = new CoordinatorDriver();
  const old = driver.worker("w");
  const rival = driver.connect();
  driver.receive(rival, registerMessage("w", ["f"], { incarnation: "other" }));
  driver.mono += 60_000;
  driver.step({ type: "woken" });
  driver.step({ type: "probeDone", conn: old });
  expect(driver.closed).toEqual([{ conn: rival, code: "WORKER_ID_TAKEN" }]);
});

it("after a restart a worker id that stands for two processes is the last one's, with what that one held", async () => {
  const before = new CoordinatorDriver();
  const client = before.client();
  const old = before.worker("w");
  before.submit(client, planOf("old"));
  before.take(old, "AssignPlan");
  before.disconnect(old);
  before.holdsWrites = true;
  const fresh = before.connect();
  const about = { incarnation: "w-2", max_concurrent: 2 };
  before.receive(fresh, registerMessage("w", ["f"], about));
  before.submit(client, planOf("new"));
  before.writes.shift(); // that the old attempt is lost never lands
  before.answerWrites();
  before.take(fresh, "AssignPlan");
  const driver = await before.restarted();
  const back = driver.connect();
  const resume = [{ plan_id: "new", attempt: 1, state: "running" } as const];
  driver.receive(back, registerMessage("w", ["f"], { ...about, resume }));
  expect(driver.take(back, "AssignPlan")).toMatchObject({ plan: { plan_id: "old" }, attempt: 2 });
  driver.take(back, "Registered");
  driver.expectNothingMoreFor(back);
});
