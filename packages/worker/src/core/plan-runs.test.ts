import { expect, test } from "vitest";
import { CoreScript, done, failed, json, offerOf } from "../testing/core-script.js";

const FILTERS = [offerOf("a"), offerOf("b"), offerOf("scale", { kind: "Trainable" })];
const node = (node_id: string) => ({ Execute: { node_id } });

function started(settings = {}): CoreScript {
  const script = new CoreScript(settings);
  script.start(FILTERS);
  return script;
}

test("an assignment starts its first leaf, and ends with its result, which tells what happened", () => {
  const script = started();
  script.assign("a");
  const call = script.begin();
  expect(call).toMatchObject({
    filter: "a",
    op: "forward",
    input: json(1),
    planId: "p1",
    attempt: 1,
  });
  script.mono += 7;
  script.end(call, done(2));
  expect(script.sent("PlanResult")).toEqual({
    type: "PlanResult",
    worker_id: "w1",
    plan_id: "p1",
    attempt: 1,
    result: { status: "Success", output: json(2), duration_ms: 7, states: {} },
    ran: [["a", "forward", 7]],
  });
  script.expectNothingMore();
});

test("a plan without leaves ends at once", () => {
  const script = started();
  script.assign({ Sequence: [] });
  expect(script.sent("PlanResult").result).toMatchObject({ status: "Success", output: json(1) });
  script.expectNothingMore();
});

test("one leaf follows another, fed by its output", () => {
  const script = started();
  script.assign({ Sequence: [node("a"), node("b")] });
  script.end(script.begin(), done(5));
  expect(script.begin()).toMatchObject({ filter: "b", input: json(5) });
});

test("Fit fits with the labels, then forwards with the state", () => {
  const script = started();
  script.receive({
    type: "AssignPlan",
    attempt: 1,
    plan: { plan_id: "p1", plan: node("scale"), mode: { Fit: { y: json("label") } }, metadata: {} },
  });
  const fit = script.begin();
  expect(fit).toMatchObject({ op: "fit", y: json("label") });
  script.end(fit, done("state"));
  const forward = script.begin();
  expect(forward).toMatchObject({ op: "forward", state: json("state") });
  script.end(forward, done(3));
  expect(script.sent("PlanResult").result).toMatchObject({
    output: json(3),
    states: { scale: json("state") },
  });
});

test("a binding names the filter, its params and its state", () => {
  const script = started();
  script.receive({
    type: "AssignPlan",
    attempt: 1,
    plan: {
      plan_id: "p1",
      plan: node("n"),
      metadata: {},
      bindings: [{ node_id: "n", uses: "scale", params: { by: 2 }, state: json("s") }],
    },
  });
  expect(script.begin()).toMatchObject({
    filter: "scale",
    nodeId: "n",
    params: { by: 2 },
    state: json("s"),
  });
});

test("nodes without a filter are NO_SUCH_FILTER, with what is offered", () => {
  const script = started();
  script.assign({ Sequence: [node("a"), node("nope")] });
  expect(script.sent("PlanResult").result).toMatchObject({
    status: "Failed",
    code: "NO_SUCH_FILTER",
    node_id: "nope",
    details: { missing: ["nope"], offered: ["a", "b", "scale"] },
  });
  script.expectNothingMore();
});

test("a Cached leaf is CACHE_MISS", () => {
  const script = started();
  script.assign({ Cached: { node_id: "a", key: Array<number>(32).fill(0) } });
  expect(script.sent("PlanResult").result).toMatchObject({ status: "Failed", code: "CACHE_MISS" });
});

test("a reference that does not lie in the message is DATA_REF_REFUSED", () => {
  const script = started();
  script.receive({
    type: "AssignPlan",
    attempt: 1,
    plan: {
      plan_id: "p1",
      plan: node("a"),
      metadata: {},
      input: { source: "Reference", data_ref: { type: "Local", path: "/etc/passwd" } },
    },
  });
  expect(script.sent("PlanResult").result).toMatchObject({ code: "DATA_REF_REFUSED" });
});

test("the first arm that fails stops the others, and the result waits for them", () => {
  const script = started();
  script.assign({ Parallel: [node("a"), node("b")] });
  const [a, b] = [script.begin(), script.begin()];
  script.end(a, failed("broken"));
  expect(script.take("abortCall").call).toBe(b.call);
  expect(() => script.sent("PlanResult")).toThrow("no PlanResult");
  script.end(b, done(1));
  expect(script.sent("PlanResult").result).toMatchObject({ status: "Failed", error: "broken" });
});

test("assignments beyond the slots wait, those beyond the prefetch are Busy", () => {
  const script = started({ slots: 1, prefetch: 1 });
  script.assign("a", "runs");
  script.assign("a", "waits");
  script.assign("a", "late");
  expect(script.sent("Busy")).toEqual({ type: "Busy", plan_id: "late", attempt: 1 });
  const runs = script.begin();
  expect(script.has("startCall")).toBe(false);
  script.end(runs);
  expect(script.begin().planId).toBe("waits");
});

test("the same assignment twice runs once", () => {
  const script = started();
  script.assign("a");
  script.begin();
  script.forget();
  script.assign("a");
  script.expectNothingMore();
});

test("an assignment whose result is not acknowledged gets that result again", () => {
  const script = started();
  script.assign("a");
  script.end(script.begin(), done(9));
  script.forget();
  script.assign("a");
  expect(script.sent("PlanResult").result).toMatchObject({ output: json(9) });
  script.expectNothingMore();
});

test("a newer attempt stops the older one, whose result nobody gets", () => {
  const script = started();
  script.assign("a", "p1", 1);
  const older = script.begin();
  script.assign("a", "p1", 2);
  expect(script.take("abortCall").call).toBe(older.call);
  const newer = script.begin();
  expect(newer.attempt).toBe(2);
  script.forget();
  script.end(older);
  script.expectNothingMore();
  script.end(newer, done(2));
  expect(script.sent("PlanResult")).toMatchObject({ attempt: 2 });
});

test("an older attempt changes nothing", () => {
  const script = started();
  script.assign("a", "p1", 2);
  script.begin();
  script.forget();
  script.assign("a", "p1", 1);
  script.expectNothingMore();
});

test("a waiting assignment is recalled, a started one is not", () => {
  const script = started({ slots: 1 });
  script.assign("a", "runs");
  script.begin();
  script.assign("a", "waits");
  script.forget();
  script.receive({ type: "Recall", id: "waits", attempt: 1 });
  script.receive({ type: "Recall", id: "runs", attempt: 1 });
  expect(script.sent("Recalled")).toMatchObject({ plan_id: "waits" });
  expect(script.sent("Started")).toMatchObject({ plan_id: "runs" });
  script.receive({ type: "Recall", id: "unknown", attempt: 1 });
  expect(script.sent("Recalled")).toMatchObject({ plan_id: "unknown" });
  script.expectNothingMore();
});

test("a dead isolate is a WORKER_CRASH of the call that it ran", () => {
  const script = started();
  script.assign("a");
  script.end(script.begin(), { status: "crashed", reason: "code 1" });
  expect(script.sent("PlanResult").result).toMatchObject({
    status: "Failed",
    code: "WORKER_CRASH",
    retryable: true,
    node_id: "a",
  });
});

test("a result over the coordinator's limit is MESSAGE_TOO_LARGE", () => {
  const script = new CoreScript();
  script.start(FILTERS, { limits: { frame_bytes: 1000, chunk_bytes: 1000 } });
  script.assign("a");
  script.end(script.begin(), done("x".repeat(1000)));
  expect(script.sent("PlanResult").result).toMatchObject({
    status: "Failed",
    code: "MESSAGE_TOO_LARGE",
    details: { limit: 1000 },
  });
});

test("a failure goes out even where the coordinator's limit leaves no room for it", () => {
  const script = new CoreScript();
  script.start(FILTERS, { limits: { frame_bytes: 0, chunk_bytes: 0 } });
  script.assign("a");
  script.end(script.begin(), done("x"));
  expect(script.sent("PlanResult").result).toMatchObject({ code: "MESSAGE_TOO_LARGE" });
});

test("towards a coordinator of the inherited wire nothing but the inherited messages goes out", () => {
  const script = new CoreScript();
  script.start(FILTERS, { features: [] });
  script.assign("a");
  const call = script.begin();
  expect(script.sent("Event")).toEqual(expect.not.objectContaining({ attempt: 1 }));
  script.end(call, failed("broken"));
  script.sent("Event");
  const { result, attempt } = script.sent("PlanResult");
  expect(result).toEqual({ status: "Failed", error: "broken", duration_ms: 0 });
  expect(attempt).toBeUndefined();
  script.expectNothingMore();
});

test("a newer attempt stops the older one also where it finds no room itself", () => {
  const script = started({ slots: 1, prefetch: 0 });
  script.assign("a", "p1", 1);
  const call = script.begin();
  script.forget();
  script.assign("a", "p1", 2);
  expect(script.sent("Busy")).toMatchObject({ plan_id: "p1", attempt: 2 });
  expect(script.take("abortCall").call).toBe(call.call);
  script.end(call);
  script.expectNothingMore();
});
