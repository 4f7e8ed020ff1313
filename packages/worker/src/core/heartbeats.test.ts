import { expect, test } from "vitest";
import { CoreScript, done, failed, offerOf } from "../testing/core-script.js";

function started(registered = {}): CoreScript {
  const script = new CoreScript({ slots: 1 });
  script.start([offerOf("a")], registered);
  return script;
}

test("a heartbeat says what is held, how far messages were handled, and how busy the machine is", () => {
  const script = started();
  script.assign("a", "runs");
  script.assign("a", "waits");
  script.begin();
  script.forget();
  script.pass(10_000);
  expect(script.sent("Heartbeat")).toEqual({
    type: "Heartbeat",
    worker_id: "w1",
    load: {
      cpu_usage: 0.5,
      memory_usage: 0.25,
      gpu_usage: [],
      active_plans: 1,
      queue_depth: 1,
      timestamp: "1970-01-01T00:00:10.000Z",
    },
    handled: 2,
    held: [
      { plan_id: "runs", attempt: 1, state: "running" },
      { plan_id: "waits", attempt: 1, state: "assigned" },
    ],
    status: "busy",
    active_streams: 0,
    calls: [{ isolate: "thread", in_flight: 1, completed: 0, errored: 0 }],
  });
});

test("a heartbeat counts the calls that returned and those that broke, by where they ran", () => {
  const script = new CoreScript({ slots: 4 });
  script.start([offerOf("a"), offerOf("b", { isolate: "process" })]);
  script.assign("a", "p0");
  script.end(script.begin(), done(1));
  script.assign("a", "p1");
  script.end(script.begin(), failed("broken"));
  script.assign("b", "p2");
  script.end(script.begin(), { status: "crashed", reason: "code 1" });
  script.assign("b", "p3");
  script.begin();
  script.forget();
  script.pass(10_000);
  expect(script.sent("Heartbeat").calls).toEqual([
    { isolate: "thread", in_flight: 0, completed: 1, errored: 1 },
    { isolate: "process", in_flight: 1, completed: 0, errored: 1 },
  ]);
});

test("handled counts from the Registered of this connection", () => {
  const script = started();
  script.receive({ type: "Ping" });
  script.lose();
  script.pass(1000);
  script.connect();
  script.receive({ type: "Ping" });
  script.forget();
  script.pass(10_000);
  expect(script.sent("Heartbeat").handled).toBe(1);
});

test("without an ack within the timeout the connection counts as dead", () => {
  const script = started();
  script.pass(39_999);
  expect(script.has("disconnect")).toBe(false);
  script.pass(1);
  script.take("disconnect");
  expect(script.take("notify").event).toMatchObject({ type: "lost" });
  script.forget();
  script.pass(1000);
  expect(script.has("connect")).toBe(true);
});

test("acks keep the connection", () => {
  const script = started();
  for (let i = 0; i < 10; i++) {
    script.pass(10_000);
    script.receive({ type: "HeartbeatAck", handled: i });
  }
  expect(script.has("disconnect")).toBe(false);
});

test("a coordinator that does not acknowledge heartbeats is not expected to", () => {
  const script = started({ features: [] });
  script.pass(1_000_000);
  expect(script.has("disconnect")).toBe(false);
});

test("an attempt whose first leaf has not begun is not told as running", () => {
  const script = started();
  script.assign("a", "p1");
  script.forget();
  script.pass(10_000);
  expect(script.sent("Heartbeat").held).toEqual([{ plan_id: "p1", attempt: 1, state: "assigned" }]);
});

test("slots of calls that could not be stopped are told at once, and again when they are free", () => {
  const script = new CoreScript({ slots: 2, graceMs: 1000 });
  script.start([offerOf("inline", { isolate: "inline" })]);
  script.assign("inline");
  const call = script.begin();
  script.receive({ type: "CancelPlan", plan_id: "p1", attempt: 1 });
  script.pass(999);
  script.forget();
  script.pass(1);
  script.sent("PlanResult");
  script.pass(100);
  expect(script.sent("Heartbeat")).toMatchObject({ other_slots: 1, held: [{ state: "finished" }] });
  script.pass(5_000);
  expect(() => script.sent("Heartbeat")).toThrow("no Heartbeat");
  script.end(call);
  script.pass(100);
  expect(script.sent("Heartbeat").other_slots).toBeUndefined();
});

test("a heartbeat says how long the main thread has been blocked", () => {
  const script = started();
  script.mainBlockedMs = 12_345.6;
  script.pass(10_000);
  expect(script.sent("Heartbeat").main_blocked_ms).toBe(12_346);
  script.mainBlockedMs = undefined;
  script.pass(10_000);
  expect(script.sent("Heartbeat").main_blocked_ms).toBeUndefined();
});

test("a coordinator that wants heartbeats without a pause gets them with one, and time to acknowledge them", () => {
  const script = started({ heartbeat_interval_ms: 0, heartbeat_timeout_ms: 0 });
  script.pass(9);
  expect(script.has("send")).toBe(false);
  script.pass(1);
  script.sent("Heartbeat");
  script.receive({ type: "HeartbeatAck", handled: 1 });
  script.pass(15);
  expect(script.has("disconnect")).toBe(false);
});
