import { expect, test } from "vitest";
import type { HeldAttempt } from "@planwire/protocol";
import { CoreScript, done, offerOf } from "../testing/core-script.js";

const FILTERS = [offerOf("a")];
const held = (plan_id: string, attempt = 1): HeldAttempt => ({
  plan_id,
  attempt,
  state: "running",
});

/** A worker that runs `p1`, and has sent one heartbeat. */
function running(slots = 1) {
  const script = new CoreScript({ slots });
  script.start(FILTERS);
  script.assign("a");
  const call = script.begin();
  script.pass(10_000);
  script.forget();
  return { script, call };
}
const ack = (script: CoreScript, theirs?: HeldAttempt[]) =>
  script.receive({ type: "HeartbeatAck", handled: 1, ...(theirs && { held: theirs }) });

test("an attempt that the coordinator does not hold is stopped, and says nothing more", () => {
  const { script, call } = running();
  ack(script, []);
  expect(script.take("abortCall").call).toBe(call.call);
  script.end(call, done(1));
  script.expectNothingMore();
  expect(script.core.state.slots.size).toBe(0);
});

test("an older attempt is stopped when the coordinator holds a newer one", () => {
  const { script } = running();
  ack(script, [held("p1", 2)]);
  script.take("abortCall");
  expect(script.core.state.plans.size).toBe(0);
});

test("what waits for a slot is dropped, too", () => {
  const { script } = running();
  script.assign("a", "waits");
  ack(script, [held("p1")]);
  expect([...script.core.state.plans.keys()]).toEqual(["p1"]);
  expect(script.core.state.waiting).toEqual([]);
});

test("what both hold goes on, whatever else the coordinator thinks is here", () => {
  const { script } = running();
  ack(script, [held("p1"), held("ghost")]);
  script.expectNothingMore();
});

test("an acknowledgement without a list, as of an older coordinator, compares nothing", () => {
  const { script } = running();
  ack(script);
  script.expectNothingMore();
});

test("a result that waits for its ResultAck stays, though the coordinator holds the attempt no more", () => {
  const { script, call } = running();
  script.end(call, done(1));
  script.forget();
  ack(script, []);
  script.expectNothingMore();
  expect(script.core.state.unacknowledged.size).toBe(1);
});

test("a result that the coordinator handled and could not read becomes a failure, so that nobody waits for ever", () => {
  const { script, call } = running();
  ack(script, [held("p1")]);
  script.end(call, done(1));
  script.forget();
  script.pass(10_000); // a heartbeat behind the result
  ack(script, [held("p1")]);
  expect(script.sent("PlanResult")).toMatchObject({
    plan_id: "p1",
    attempt: 1,
    result: { status: "Failed", code: "INVALID_MESSAGE" },
  });
  script.receive({ type: "ResultAck", id: "p1", attempt: 1, taken: true });
  expect(script.core.state.unacknowledgedBytes).toBe(0);
});

test("acknowledgements that no heartbeat asked for say nothing of a result", () => {
  const { script, call } = running();
  ack(script, [held("p1")]);
  script.end(call, done(1));
  script.forget();
  for (let i = 0; i < 3; i++) ack(script, [held("p1")]);
  script.expectNothingMore();
});

test("a result that left behind the heartbeat is not taken for unread", () => {
  const { script, call } = running();
  script.end(call, done(1));
  script.forget();
  ack(script, [held("p1")]); // it answers the heartbeat before the result
  script.expectNothingMore();
});

test("a result that was sent again on a new connection is judged by that connection's heartbeats", () => {
  const { script, call } = running();
  script.end(call, done(1));
  script.pass(10_000);
  script.lose();
  script.pass(1_000);
  script.connect();
  script.sent("PlanResult");
  script.pass(10_000);
  script.forget();
  ack(script, [held("p1")]);
  expect(script.sent("PlanResult").result).toMatchObject({ code: "INVALID_MESSAGE" });
});

test("a stream that the coordinator does not hold is dropped", () => {
  const { script } = running(2);
  script.receive({
    type: "StreamBegin",
    stream_id: "s",
    plan_id: "stream",
    total_chunks: null,
    attempt: 1,
    credit: { bytes: 1000, chunks: 10 },
    plan: { plan_id: "stream", plan: { Execute: { node_id: "a" } }, metadata: {} },
  });
  script.forget();
  ack(script, [held("p1"), held("stream")]);
  expect(script.core.state.streams.size).toBe(1);
  ack(script, [held("p1")]);
  expect(script.core.state.streams.size).toBe(0);
  script.expectNothingMore();
});
