import { expect, it } from "vitest";
import { CoordinatorDriver, planOf, registerMessage } from "../testing/coordinator-driver.js";

const LEASE_MS = 30_000;
type Conn = ReturnType<CoordinatorDriver["connect"]>;

function registers(driver: CoordinatorDriver, ...args: Parameters<typeof registerMessage>): Conn {
  const conn = driver.connect();
  driver.receive(conn, registerMessage(...args));
  return conn;
}
const closed = (driver: CoordinatorDriver, conn: Conn) =>
  driver.closed.filter((one) => one.conn === conn).map(({ code }) => code);

it("a worker of ours is told its session, the history, the limits and the features of both", () => {
  const driver = new CoordinatorDriver({ settings: { heartbeatIntervalMs: 5, frameBytes: 9 } });
  const conn = registers(driver, "w", [], { features: ["batch", "telepathy", "attempts"] });
  expect(driver.take(conn, "Registered")).toEqual({
    type: "Registered",
    worker_id: "w",
    session_id: `session-${conn}`,
    history_id: "h1",
    coordinator_id: "c1",
    limits: { frame_bytes: 9, chunk_bytes: 4 * 1024 * 1024 },
    heartbeat_interval_ms: 5,
    heartbeat_timeout_ms: 30_000,
    features: ["batch", "attempts"],
  });
});

it("a peer that announces nothing we know is of the inherited wire, and told its id alone", () => {
  const driver = new CoordinatorDriver();
  const conn = registers(driver, "w", [], { features: ["telepathy"] });
  expect(driver.take(conn, "Registered")).toEqual({ type: "Registered", worker_id: "w" });
});

it("a heartbeat is acknowledged with how many messages came since Registered", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  driver.heartbeat(worker);
  expect(driver.take(worker, "HeartbeatAck")).toMatchObject({ handled: 1 });
  driver.receive(worker, { type: "Pong" });
  driver.heartbeat(worker);
  expect(driver.take(worker, "HeartbeatAck")).toMatchObject({ handled: 3 });
});

it("a worker whose heartbeats stop loses its session when its lease ends, and not before", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  driver.passTime(LEASE_MS - 1_000);
  expect(closed(driver, worker)).toEqual([]);
  driver.heartbeat(worker);
  driver.passTime(LEASE_MS - 1_000);
  expect(closed(driver, worker)).toEqual([]);
  driver.passTime(3_000);
  expect(closed(driver, worker)).toEqual(["SESSION_EXPIRED"]);
  expect(driver.core.state.workers.size).toBe(0);
});

it("any received byte is a sign of life", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  for (let i = 0; i < 4; i++) {
    driver.passTime(LEASE_MS / 2);
    driver.step({ type: "probeDone", conn: worker });
  }
  expect(closed(driver, worker)).toEqual([]);
});

it("the silence of an inherited peer means nothing while its socket is open", () => {
  const driver = new CoordinatorDriver();
  const old = driver.inherited("old");
  driver.passTime(10 * LEASE_MS);
  expect(closed(driver, old)).toEqual([]);
  driver.disconnect(old);
  expect(driver.core.state.workers.size).toBe(0);
});

it("a coordinator that stood still does not take its fleet for dead", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  driver.passTime(10_000);
  driver.heartbeat(worker);
  driver.mono += 5 * LEASE_MS; // stopped, and continued: the timer fires late, before what lies in the sockets is read
  driver.passTime(0);
  expect(closed(driver, worker)).toEqual([]);
  driver.heartbeat(worker);
  driver.passTime(LEASE_MS / 2);
  expect(closed(driver, worker)).toEqual([]);
});

it("a Register that was held up is refused when a later connection of its process came first", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.worker("w", ["f"], { connection: 1 });
  const [late, newest] = [driver.connect(), driver.connect()];
  driver.receive(newest, registerMessage("w", ["f"], { connection: 3 }));
  driver.submit(client, planOf("p"));
  driver.receive(late, registerMessage("w", ["f"], { connection: 2 }));
  expect(driver.take(late, "Error")).toMatchObject({ code: "SESSION_REPLACED" });
  expect(closed(driver, late)).toEqual(["SESSION_REPLACED"]);
  expect(closed(driver, newest)).toEqual([]);
  expect(driver.core.state.workers.get("w")).toMatchObject({ conn: newest, held: { size: 1 } });
});

it("the same process with a new socket replaces the old one, and its books are kept", () => {
  const driver = new CoordinatorDriver();
  const old = driver.worker("w");
  driver.submit(driver.client(), planOf("p"));
  const assigned = driver.take(old, "AssignPlan");
  const resume = [{ plan_id: "p", attempt: 1, state: "running" } as const];
  const fresh = registers(driver, "w", ["f"], { resume });
  expect(closed(driver, old)).toEqual(["SESSION_REPLACED"]);
  driver.take(fresh, "Registered");
  driver.expectNothingMoreFor(fresh);
  driver.disconnect(old);
  driver.answer(fresh, assigned, 1);
  expect(driver.take(fresh, "ResultAck")).toMatchObject({ taken: true });
});

it("an attempt that only the worker knows of is cancelled there; one that has finished is left to be acknowledged", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  driver.submit(driver.client(), planOf("p"));
  driver.take(worker, "AssignPlan");
  driver.disconnect(worker);
  const resume = [
    { plan_id: "p", attempt: 1, state: "running" },
    { plan_id: "ghost", attempt: 2, state: "running" },
    { plan_id: "done", attempt: 1, state: "finished" },
  ] as const;
  const back = registers(driver, "w", ["f"], { resume: [...resume] });
  expect(driver.take(back, "CancelPlan")).toEqual({
    type: "CancelPlan",
    plan_id: "ghost",
    attempt: 2,
  });
  driver.take(back, "Registered");
  driver.expectNothingMoreFor(back);
});

it("a worker that is new here is told to stop what it brings along", () => {
  const driver = new CoordinatorDriver();
  const resume = [{ plan_id: "ghost", attempt: 2, state: "running" } as const];
  const worker = registers(driver, "w", ["f"], { resume });
  expect(driver.take(worker, "CancelPlan")).toMatchObject({ plan_id: "ghost", attempt: 2 });
});

it("another process with a taken id waits while the old socket is pinged, and is refused when that answers", () => {
  const driver = new CoordinatorDriver();
  const old = driver.worker("w");
  const rival = registers(driver, "w", ["f"], { incarnation: "other" });
  expect(driver.others).toContainEqual({ type: "probe", conn: old });
  driver.expectNothingMoreFor(rival);
  driver.step({ type: "probeDone", conn: old });
  expect(driver.take(rival, "Error")).toMatchObject({ code: "WORKER_ID_TAKEN" });
  expect(closed(driver, rival)).toEqual(["WORKER_ID_TAKEN"]);
  expect(closed(driver, old)).toEqual([]);
});

it("another process takes over an id whose old socket gives no sign of life, and the old attempts are lost", () => {
  const driver = new CoordinatorDriver();
  const old = driver.worker("w");
  driver.submit(driver.client(), planOf("p"));
  driver.take(old, "AssignPlan");
  const rival = registers(driver, "w", ["f"], { incarnation: "other" });
  driver.passTime(4_000);
  expect(closed(driver, old)).toEqual(["SESSION_REPLACED"]);
  driver.take(rival, "Registered");
  expect(driver.take(rival, "AssignPlan")).toMatchObject({ attempt: 2 });
});

it("a worker that registers as another one is told so, and stays who it is", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  driver.receive(worker, registerMessage("v"));
  expect(driver.take(worker, "Error")).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
  expect(closed(driver, worker)).toEqual([]);
  expect([...driver.core.state.workers.keys()]).toEqual(["w"]);
});

it("a process that waits for a taken id can't be somebody else meanwhile", () => {
  const driver = new CoordinatorDriver();
  driver.worker("w");
  const rival = registers(driver, "w", ["f"], { incarnation: "other" });
  driver.receive(rival, registerMessage("v"));
  driver.receive(rival, {
    type: "Hello",
    protocol_version: 1,
    implementation: "t",
    version: "0",
    features: [],
  });
  for (let i = 0; i < 2; i++) {
    expect(driver.take(rival, "Error")).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
  }
  driver.passTime(4_000);
  driver.take(rival, "Registered");
  driver.disconnect(rival);
  expect(driver.core.state.workers.has("v")).toBe(false);
});

it("of filters that are offered and gone the latest are remembered, up to a bound", () => {
  const driver = new CoordinatorDriver({ settings: { maxOffered: 3 } });
  const worker = driver.worker("w", ["a", "b"]);
  driver.receive(worker, registerMessage("w", ["a", "x".repeat(600), "c"]));
  driver.receive(worker, registerMessage("w", ["d"]));
  expect([...driver.core.state.everOffered.keys()]).toEqual(["a", "c", "d"]);
});

it("the store is told what is offered anew, and a restart knows it", async () => {
  const before = new CoordinatorDriver();
  const worker = before.worker("w", ["a"]);
  before.receive(worker, registerMessage("w", ["a", "b", "x".repeat(600)]));
  const told = before.others.length;
  before.receive(worker, registerMessage("w", ["b"]));
  expect([...before.offered]).toEqual([
    ["a", { key: "a", kind: "Stateless" }],
    ["b", { key: "b", kind: "Stateless" }],
  ]);
  expect(before.others.length).toBe(told);
  const driver = await before.restarted();
  driver.passTime(60_000);
  const client = driver.client();
  driver.worker("other", ["c"]);
  driver.submit(client, planOf("p", { bindings: [{ node_id: "f", uses: "a" }] }));
  driver.take(client, "Accepted");
  driver.submit(client, planOf("q", { bindings: [{ node_id: "f", uses: "z" }] }));
  await driver.answerQuestions();
  expect(driver.take(client, "Error")).toMatchObject({ code: "NO_SUCH_FILTER" });
});

it("a node whose filter was offered once waits for it after a restart, and goes to no inherited peer", async () => {
  const before = new CoordinatorDriver();
  before.worker("w", ["f"]);
  const driver = await before.restarted();
  const inherited = driver.inherited("old");
  driver.submit(driver.client(), planOf("p", { bindings: [] }));
  driver.expectNothingMoreFor(inherited);
  const back = driver.worker("w", ["f"]);
  expect(driver.take(back, "AssignPlan")).toMatchObject({ plan: { plan_id: "p" } });
});

it("no third process waits for an id that is contested", () => {
  const driver = new CoordinatorDriver();
  driver.worker("w");
  registers(driver, "w", ["f"], { incarnation: "other" });
  const third = registers(driver, "w", ["f"], { incarnation: "third" });
  expect(closed(driver, third)).toEqual(["WORKER_ID_TAKEN"]);
});

it("a rival that hangs up leaves the old worker as it was", () => {
  const driver = new CoordinatorDriver();
  const old = driver.worker("w");
  const rival = registers(driver, "w", ["f"], { incarnation: "other" });
  driver.disconnect(rival);
  driver.passTime(5_000);
  expect(closed(driver, old)).toEqual([]);
  driver.submit(driver.client(), planOf("p"));
  driver.take(old, "AssignPlan");
});

it("a rival gets the id at once when the old socket closes meanwhile", () => {
  const driver = new CoordinatorDriver();
  const old = driver.worker("w");
  const rival = registers(driver, "w", ["f"], { incarnation: "other" });
  driver.disconnect(old);
  driver.take(rival, "Registered");
});

it("an inherited peer that runs a plan can't answer a ping, and keeps its id all the same", () => {
  const driver = new CoordinatorDriver();
  const old = driver.inherited("w");
  const plan = planOf("p", { bindings: [], filters: [{ node_id: "f", pickled_filter: "gA==" }] });
  driver.submit(driver.client(), plan);
  driver.take(old, "AssignPlan");
  const rival = driver.connect();
  const { capabilities } = registerMessage("w");
  driver.receive(rival, { type: "Register", worker_id: "w", capabilities });
  driver.passTime(5_000);
  expect(closed(driver, rival)).toEqual(["WORKER_ID_TAKEN"]);
  expect(closed(driver, old)).toEqual([]);
});

it("a Register on a registered socket tells what the worker offers now, and is not answered", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w", ["f"]);
  driver.submit(driver.client(), planOf("p", { bindings: [{ node_id: "f", uses: "f" }] }));
  driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  driver.take(worker, "ResultAck");
  driver.receive(worker, registerMessage("w", ["f", "g"]));
  driver.expectNothingMoreFor(worker);
  driver.submit(driver.client(), planOf("q", { bindings: [{ node_id: "f", uses: "g" }] }));
  driver.take(worker, "AssignPlan");
});

it("a worker that drains gets nothing new, and its slot's work goes elsewhere", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  driver.heartbeat(worker, { status: "draining" });
  driver.submit(driver.client(), planOf("p"));
  expect(driver.typesTo(worker)).toEqual(["HeartbeatAck"]);
  driver.take(driver.worker("other"), "AssignPlan");
});

it("a worker that leaves for good is gone at once, and what it held is tried elsewhere", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const other = driver.worker("x", ["f"], { status: "draining" });
  driver.submit(driver.client(), planOf("p"));
  driver.take(worker, "AssignPlan");
  driver.step({ type: "connectionClosed", conn: worker, reason: "leaving" });
  expect(driver.core.state.workers.has("w")).toBe(false);
  driver.heartbeat(other, { status: "ready" });
  expect(driver.take(other, "AssignPlan")).toMatchObject({ attempt: 2 });
});

it("a version of the protocol that is not spoken here is refused", () => {
  const driver = new CoordinatorDriver();
  const client = driver.connect();
  const hello = { implementation: "t", version: "0", features: [] };
  driver.receive(client, { type: "Hello", protocol_version: 0, ...hello });
  expect(driver.take(client, "Error")).toMatchObject({ code: "UNSUPPORTED_VERSION" });
  expect(closed(driver, client)).toEqual(["UNSUPPORTED_VERSION"]);
});
