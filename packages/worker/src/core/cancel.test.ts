import { expect, test } from "vitest";
import { CoreScript, done, failed, offerOf } from "../testing/core-script.js";

const FILTERS = [
  offerOf("a"),
  offerOf("inline", { isolate: "inline" }),
  offerOf("limited", { timeoutMs: 100 }),
  offerOf("limited-inline", { timeoutMs: 100, isolate: "inline" }),
];

function running(filter: string, settings = {}) {
  const script = new CoreScript({ graceMs: 1000, ...settings });
  script.start(FILTERS);
  script.assign(filter);
  const call = script.begin();
  script.forget();
  return { script, call };
}

const cancel = { type: "CancelPlan", plan_id: "p1", attempt: 1 } as const;

test("a call that stops when told to ends its plan as Cancelled by signal", () => {
  const { script, call } = running("a");
  script.receive(cancel);
  expect(script.take("abortCall")).toEqual({
    type: "abortCall",
    call: call.call,
    isolate: "thread",
  });
  script.expectNothingMore();
  script.end(call, done(1));
  expect(script.sent("PlanResult").result).toEqual({
    status: "Cancelled",
    duration_ms: 0,
    stopped: true,
    how: "signal",
  });
});

test("a call that does not stop is killed after grace, and the result waits for its death", () => {
  const { script, call } = running("a");
  script.receive(cancel);
  script.take("abortCall");
  script.pass(100);
  script.forget();
  script.pass(900);
  expect(script.take("killCall").call).toBe(call.call);
  expect(script.take("notify").event).toMatchObject({ type: "callStuck", killed: true });
  expect(script.has("send")).toBe(false);
  script.end(call, { status: "crashed", reason: "killed" });
  expect(script.sent("PlanResult").result).toMatchObject({ stopped: true, how: "killed" });
});

test("an inline call is abandoned after grace, and keeps its slot until it returns", () => {
  const { script, call } = running("inline", { slots: 1 });
  script.receive(cancel);
  script.take("abortCall");
  script.pass(1000);
  script.take("notify");
  expect(script.sent("PlanResult").result).toMatchObject({ stopped: false, how: "abandoned" });
  script.assign("a", "next");
  expect(script.sent("Busy")).toMatchObject({ plan_id: "next" });
  script.end(call);
  script.assign("a", "next");
  expect(script.begin().planId).toBe("next");
});

test("a part that fails beside an inline call that does not stop says that this goes on", () => {
  const script = new CoreScript({ graceMs: 1000 });
  script.start([offerOf("a", { isolate: "inline" }), offerOf("b")]);
  const arm = (node_id: string) => ({ Execute: { node_id } });
  script.assign({ Parallel: [arm("a"), arm("b")] });
  script.begin();
  script.end(script.begin(), failed("no"));
  script.pass(1000);
  expect(script.sent("PlanResult").result).toMatchObject({ status: "Failed", stopped: false });
});

test("what waits for a slot goes back when only abandoned calls are left", () => {
  const { script } = running("inline", { slots: 1 });
  script.assign("a", "waits");
  script.receive(cancel);
  script.pass(1000);
  expect(script.sent("Recalled")).toMatchObject({ plan_id: "waits" });
});

test("what waits for a slot is Cancelled at once", () => {
  const { script } = running("a", { slots: 1 });
  script.assign("a", "waits");
  script.receive({ ...cancel, plan_id: "waits" });
  expect(script.sent("PlanResult").result).toMatchObject({ stopped: true, how: "queued" });
  script.expectNothingMore();
});

test("a cancel of another attempt stops nothing, and is answered", () => {
  const { script } = running("a");
  script.receive({ ...cancel, attempt: 7 });
  expect(script.sent("PlanResult")).toMatchObject({ attempt: 7, result: { status: "Cancelled" } });
  script.expectNothingMore();
});

test("a cancel that comes too late gets the result again", () => {
  const { script, call } = running("a");
  script.end(call, done(1));
  script.forget();
  script.receive(cancel);
  expect(script.sent("PlanResult").result).toMatchObject({ status: "Success" });
  script.expectNothingMore();
});

test("a second cancel changes nothing", () => {
  const { script } = running("a");
  script.receive(cancel);
  script.forget();
  script.receive(cancel);
  script.expectNothingMore();
});

test("a call over its time is stopped, and FILTER_TIMEOUT whatever it says then", () => {
  const { script, call } = running("limited");
  script.pass(99);
  expect(script.has("abortCall")).toBe(false);
  script.pass(1);
  expect(script.take("abortCall").call).toBe(call.call);
  script.end(call, done(1));
  expect(script.sent("PlanResult").result).toMatchObject({
    status: "Failed",
    code: "FILTER_TIMEOUT",
    retryable: true,
  });
});

test("an inline call over its time fails its plan after grace", () => {
  const { script } = running("limited-inline");
  script.pass(1100);
  expect(script.sent("PlanResult").result).toMatchObject({ code: "FILTER_TIMEOUT" });
});

test("the time of a call that waits for a thread does not count", () => {
  const script = new CoreScript();
  script.start(FILTERS);
  script.assign("limited");
  const { call } = script.take("startCall");
  script.pass(5000);
  expect(script.has("abortCall")).toBe(false);
  script.feed({ type: "startCallDone", call: call.call });
  script.pass(99);
  expect(script.has("abortCall")).toBe(false);
  script.pass(1);
  expect(script.has("abortCall")).toBe(true);
});
