import { expect, it } from "vitest";
import type { HeldAttempt, MessageOf } from "@planwire/protocol";
import {
  CoordinatorDriver,
  planOf,
  registerMessage,
  resultMessage,
  success,
} from "../testing/coordinator-driver.js";

type Conn = ReturnType<CoordinatorDriver["connect"]>;

const running = (plan_id: string, attempt = 1): HeldAttempt => ({
  plan_id,
  attempt,
  state: "running",
});
const beat = (driver: CoordinatorDriver, conn: Conn, handled: number, held: HeldAttempt[]) =>
  driver.heartbeat(conn, { handled, held });
const lost = (driver: CoordinatorDriver, client: Conn) =>
  driver.eventsTo(client).filter(({ kind }) => kind === "AttemptLost");

/** A worker that was given `p`, as the first message after Registered. */
function assigned(more: Partial<MessageOf<"Register">> = {}) {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w", ["f"], more);
  driver.submit(client, planOf("p"), { watch: true });
  const assignment = driver.take(worker, "AssignPlan");
  return { driver, client, worker, assignment };
}

it("an attempt that the worker handled and does not have is tried again, at no cost", () => {
  const { driver, client, worker } = assigned();
  beat(driver, worker, 1, []);
  expect(driver.take(worker, "AssignPlan")).toMatchObject({ attempt: 2 });
  expect(lost(driver, client)).toMatchObject([{ attempt: 1, reason: expect.any(String) }]);
  expect(driver.core.state.executions.get("p")?.parts.get("p")?.setbacks?.tries).toBe(0);
});

it("an attempt that had started counts as a try when its worker no longer has it", () => {
  const { driver, worker } = assigned();
  driver.receive(worker, { type: "Started", plan_id: "p", attempt: 1 });
  beat(driver, worker, 1, []);
  expect(driver.core.state.executions.get("p")?.parts.get("p")?.setbacks?.tries).toBe(1);
});

it("an attempt that is running by a worker's list has started, also where Started got lost", () => {
  const { driver, worker } = assigned();
  beat(driver, worker, 1, [{ plan_id: "p", attempt: 1, state: "assigned" }]);
  beat(driver, worker, 2, [running("p")]);
  beat(driver, worker, 3, []);
  expect(driver.core.state.executions.get("p")?.parts.get("p")?.setbacks?.tries).toBe(1);
});

it("an assignment that was under way when the heartbeat left is not compared", () => {
  const { driver, client, worker } = assigned();
  beat(driver, worker, 0, []);
  driver.take(worker, "HeartbeatAck");
  driver.expectNothingMoreFor(worker);
  expect(lost(driver, client)).toEqual([]);
});

it("an assignment that waits for its write has not left, and is not compared", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  driver.holdsWrites = true;
  driver.submit(driver.client(), planOf("p"));
  for (let i = 1; i <= 5; i++) beat(driver, worker, i, []);
  driver.answerWrites();
  expect(driver.take(worker, "AssignPlan")).toMatchObject({ attempt: 1 });
});

it("each message counts, a ResultAck and a HeartbeatAck too", () => {
  const { driver, worker, assignment } = assigned(); // 1
  driver.answer(worker, assignment, 1); // 2: its ResultAck
  beat(driver, worker, 2, []); // 3: the HeartbeatAck
  driver.submit(driver.client(), planOf("q")); // 4
  driver.take(worker, "AssignPlan");
  beat(driver, worker, 3, []);
  expect(driver.typesTo(worker)).not.toContain("AssignPlan");
  beat(driver, worker, 4, []);
  expect(driver.take(worker, "AssignPlan")).toMatchObject({ attempt: 2 });
});

it("a message that could not be written is not counted", () => {
  const { driver, worker, assignment } = assigned();
  driver.sendFailed(worker, assignment, "MESSAGE_TOO_LARGE");
  driver.submit(driver.client(), planOf("q"));
  driver.take(worker, "AssignPlan");
  beat(driver, worker, 1, []);
  expect(driver.take(worker, "AssignPlan")).toMatchObject({ attempt: 2 });
});

it("an attempt that the coordinator does not know is cancelled at the worker", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  beat(driver, worker, 0, [running("ghost", 3)]);
  const cancel = { type: "CancelPlan", plan_id: "ghost", attempt: 3 };
  expect(driver.take(worker, "CancelPlan")).toEqual(cancel);
});

it("an attempt is not stopped before its loss is on disk: a restart would take the answer for a cancel", () => {
  const { driver, worker } = assigned();
  driver.disconnect(worker);
  driver.holdsWrites = true;
  driver.passTime(31_000);
  const back = driver.worker("w", ["f"], { resume: [running("p")] });
  beat(driver, back, 0, [running("p")]);
  expect(driver.typesTo(back)).not.toContain("CancelPlan");
  driver.holdsWrites = false;
  driver.answerWrites();
  beat(driver, back, 0, [running("p")]);
  expect(driver.take(back, "CancelPlan")).toMatchObject({ plan_id: "p", attempt: 1 });
});

it("an older attempt that still runs there is cancelled, the one that is held is not", () => {
  const { driver, worker } = assigned();
  beat(driver, worker, 1, []);
  driver.take(worker, "AssignPlan");
  beat(driver, worker, 3, [running("p", 1), running("p", 2)]);
  expect(driver.take(worker, "CancelPlan")).toMatchObject({ attempt: 1 });
  expect(driver.typesTo(worker)).not.toContain("CancelPlan");
});

it("an attempt whose outcome is being written is not compared", () => {
  const { driver, client, worker, assignment } = assigned();
  driver.holdsWrites = true;
  driver.answer(worker, assignment, 1);
  beat(driver, worker, 1, [{ plan_id: "p", attempt: 1, state: "finished" }]);
  expect(driver.typesTo(worker)).toEqual(["HeartbeatAck"]);
  driver.answerWrites();
  expect(driver.take(worker, "ResultAck")).toMatchObject({ taken: true });
  expect(lost(driver, client)).toEqual([]);
});

it("a heartbeat that lists nothing at all, as one of an older peer, is not compared", () => {
  const { driver, client, worker } = assigned();
  driver.heartbeat(worker);
  driver.heartbeat(worker, { held: [] });
  expect(lost(driver, client)).toEqual([]);
});

it("the acknowledgement says what is held, by the coordinator's books", () => {
  const { driver, worker } = assigned();
  driver.receive(worker, { type: "Started", plan_id: "p", attempt: 1 });
  beat(driver, worker, 1, [running("p")]);
  const ack = { type: "HeartbeatAck", handled: 2, held: [running("p")] };
  expect(driver.take(worker, "HeartbeatAck")).toEqual(ack);
});

it("a worker that lists an older finished attempt beside the one it runs keeps both", () => {
  const { driver, worker } = assigned();
  beat(driver, worker, 1, []);
  driver.take(worker, "AssignPlan");
  driver.disconnect(worker);
  const back = driver.connect();
  const resume = [running("p", 2), { plan_id: "p", attempt: 1, state: "finished" } as const];
  driver.receive(back, registerMessage("w", ["f"], { resume }));
  driver.take(back, "Registered");
  driver.expectNothingMoreFor(back);
});

it("what was given on an earlier connection is compared by its list, on the new one by numbers", () => {
  const { driver, client, worker } = assigned();
  driver.disconnect(worker);
  const back = driver.connect();
  driver.receive(back, registerMessage("w", ["f"], { resume: [running("p")] }));
  beat(driver, back, 0, [running("p")]);
  expect(lost(driver, client)).toEqual([]);
  beat(driver, back, 0, []);
  expect(lost(driver, client)).toHaveLength(1);
});

it("slots that others use are not given away", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w", ["f"], { max_concurrent: 2 });
  driver.heartbeat(worker, { other_slots: 1 });
  for (const id of ["p", "q"]) driver.submit(driver.client(), planOf(id));
  expect(driver.typesTo(worker)).toEqual(["HeartbeatAck", "AssignPlan"]);
  driver.heartbeat(worker, { other_slots: 0 });
  expect(driver.typesTo(worker)).toEqual([
    "HeartbeatAck",
    "AssignPlan",
    "HeartbeatAck",
    "AssignPlan",
  ]);
});

it("a call that could not be stopped keeps its slot until a heartbeat says otherwise", () => {
  const { driver, client, worker, assignment } = assigned();
  driver.receive(client, { type: "Cancel", request_id: 2, plan_id: "p" });
  const result = { status: "Cancelled", duration_ms: 1, stopped: false, how: "abandoned" } as const;
  driver.receive(worker, resultMessage(assignment, result));
  driver.submit(client, planOf("q"));
  expect(driver.typesTo(worker)).not.toContain("AssignPlan");
  driver.heartbeat(worker, { other_slots: 1 });
  expect(driver.typesTo(worker)).not.toContain("AssignPlan");
  driver.heartbeat(worker);
  driver.take(worker, "AssignPlan");
});

it("a stopped plan's slot is taken until the worker says that it stopped, also over a lost connection", () => {
  const { driver, client, worker } = assigned();
  driver.receive(client, { type: "Cancel", request_id: 2, plan_id: "p" });
  driver.take(worker, "CancelPlan");
  driver.disconnect(worker);
  const back = driver.connect();
  driver.receive(back, registerMessage("w", ["f"], { resume: [running("p")] }));
  expect(driver.take(back, "CancelPlan")).toMatchObject({ plan_id: "p", attempt: 1 });
  driver.submit(client, planOf("q"));
  expect(driver.typesTo(back)).not.toContain("AssignPlan");
  const result = { status: "Cancelled", duration_ms: 1, stopped: true } as const;
  const answer = { type: "PlanResult", worker_id: "w", plan_id: "p", attempt: 1, result } as const;
  driver.receive(back, answer);
  expect(driver.take(back, "AssignPlan")).toMatchObject({ plan: { plan_id: "q" } });
});

it("a stream that its worker no longer has fails after two heartbeats between which none of its frames came", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  const { input: _, ...plan } = planOf("s");
  driver.receive(client, {
    type: "StreamBegin",
    stream_id: "stream",
    plan_id: "s",
    plan,
    credit: { bytes: 1_000_000, chunks: 10 },
  });
  driver.take(worker, "StreamBegin");
  const credit = { bytes: 1_000_000, chunks: 10 };
  const about = { stream_id: "stream", plan_id: "s", attempt: 1 };
  driver.receive(worker, { type: "StreamAccepted", ...about, credit });
  beat(driver, worker, 1, []);
  // Its end may wait behind its chunks: as long as any come, it is not missed.
  const head = { type: "ChunkResult", streamId: "other", index: 0, valueOffset: 9 } as const;
  driver.step({ type: "receivedChunk", conn: worker, head, frame: new Uint8Array(9) });
  beat(driver, worker, 1, []);
  beat(driver, worker, 1, []);
  expect(driver.typesTo(client)).not.toContain("StreamComplete");
  beat(driver, worker, 1, []);
  expect(driver.take(client, "StreamComplete")).toMatchObject({
    result: { status: "Failed", code: "WORKER_LOST" },
  });
});

it("a result that comes after its attempt was given up changes nothing", () => {
  const { driver, client, worker, assignment } = assigned();
  beat(driver, worker, 1, []);
  const second = driver.take(worker, "AssignPlan");
  driver.receive(worker, resultMessage(assignment, success({ type: "Json", data: "old" })));
  expect(driver.take(worker, "ResultAck")).toMatchObject({ attempt: 1, taken: false });
  driver.answer(worker, second, "new");
  expect(driver.eventsTo(client).at(-1)).toMatchObject({
    outcome: { output: { data: "new" } },
  });
});
