import { expect, test } from "vitest";
import { CoreScript, offerOf } from "../testing/core-script.js";

function started(slots = 1): CoreScript {
  const script = new CoreScript({ slots });
  script.start([offerOf("a"), offerOf("inline", { isolate: "inline" })]);
  return script;
}

test("a worker without work leaves at once", () => {
  const script = started();
  script.feed({ type: "drain", reason: "SIGTERM" });
  script.take("leave");
});

test("what runs is finished and delivered before the worker leaves, what waits goes back", () => {
  const script = started();
  script.assign("a", "runs");
  script.assign("a", "waits");
  const call = script.begin();
  script.forget();
  script.receive({ type: "Shutdown", reason: "deploy" });
  script.sent("ShutdownAck");
  expect(script.take("notify").event).toEqual({ type: "draining", reason: "deploy" });
  expect(script.sent("Recalled")).toMatchObject({ plan_id: "waits" });
  expect(script.sent("Register")).toMatchObject({ status: "draining" });
  script.assign("a", "late");
  expect(script.sent("Busy")).toMatchObject({ plan_id: "late" });
  script.end(call);
  script.sent("PlanResult");
  expect(script.has("leave")).toBe(false);
  script.receive({ type: "ResultAck", id: "runs", attempt: 1, taken: true });
  script.take("leave");
});

test("a result that could not be delivered keeps the worker until it is", () => {
  const script = started();
  script.assign("a");
  const call = script.begin();
  script.lose();
  script.feed({ type: "drain", reason: "SIGTERM" });
  script.end(call);
  expect(script.has("leave")).toBe(false);
  script.pass(1000);
  script.connect();
  script.sent("PlanResult");
  script.receive({ type: "ResultAck", id: "p1", attempt: 1, taken: true });
  script.take("leave");
});

test("an abandoned call does not keep the worker", () => {
  const script = started();
  script.assign("inline");
  script.begin();
  script.receive({ type: "CancelPlan", plan_id: "p1", attempt: 1 });
  script.pass(5000);
  script.receive({ type: "ResultAck", id: "p1", attempt: 1, taken: true });
  script.feed({ type: "drain", reason: "SIGTERM" });
  script.take("leave");
});

test("a call of an attempt that nobody wants any more is stopped before the worker leaves", () => {
  const script = started();
  script.assign("a");
  const call = script.begin();
  script.receive({ type: "HeartbeatAck", handled: 1, held: [] });
  script.take("abortCall");
  script.feed({ type: "drain", reason: "SIGTERM" });
  expect(script.has("leave")).toBe(false);
  script.end(call);
  script.take("leave");
});

test("a worker that is closed leaves whatever it holds", () => {
  const script = started();
  script.assign("a");
  script.begin();
  script.feed({ type: "close" });
  script.take("leave");
});
