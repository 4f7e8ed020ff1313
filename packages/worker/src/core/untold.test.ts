import { FEATURES } from "@planwire/protocol";
import { expect, test } from "vitest";
import { CoreScript, done, offerOf } from "../testing/core-script.js";

const FILTERS = [offerOf("a")];

function running(parts: readonly string[], features: readonly string[] = FEATURES) {
  const script = new CoreScript({ slots: parts.length });
  script.start(FILTERS, { features: [...features] });
  const calls = parts.map((part) => {
    script.assign("a", part);
    return script.begin();
  });
  return { script, calls };
}

test("attempts that run on are told as started within two milliseconds, in one message", () => {
  const { script, calls } = running(["p1", "p2", "p3"]);
  const [, second] = calls;
  if (second) script.end(second);
  expect(script.has("send")).toBe(false);
  script.pass(2);
  expect(script.sent("Started")).toEqual({
    type: "Started",
    plan_id: "p1",
    attempt: 1,
    also: [["p3", 1]],
  });
});

test("what happens in a long run is told while it goes on, after its start", () => {
  const { script, calls } = running(["p1"]);
  script.pass(2);
  expect(script.sent("Started").plan_id).toBe("p1");
  script.pass(97);
  expect(script.has("send")).toBe(false);
  script.pass(1);
  expect(script.sent("Event").event).toMatchObject({ event_type: "NodeStarted" });
  const [call] = calls;
  if (call) script.end(call, done(1));
  expect(script.sent("PlanResult").events).toEqual([
    { event_type: "NodeCompleted", run_id: "p1", node_id: "a", duration: 100 },
  ]);
});

test("many lines of one part don't wait", () => {
  const { script, calls } = running(["p1"]);
  const call = calls[0]?.call ?? 0;
  for (let line = 0; line < 31; line++) {
    script.feed({ type: "callReported", report: { kind: "log", call, message: `line ${line}` } });
  }
  expect(script.sent("Started").plan_id).toBe("p1");
  expect(script.sent("Event").event).toMatchObject({ event_type: "NodeStarted" });
  expect(script.sent("Event").event).toMatchObject({ message: "line 0" });
});

test("one Started names a thousand attempts at most, and goes when they are that many", () => {
  const { script } = running(Array.from({ length: 1_001 }, (_, index) => `p${index}`));
  expect(script.sent("Started").also).toHaveLength(999);
  script.pass(2);
  expect(script.sent("Started").plan_id).toBe("p1000");
});

test("a peer that takes no news together is told each as it happens", () => {
  const { script } = running(
    ["p1"],
    FEATURES.filter((feature) => feature !== "together"),
  );
  expect(script.sent("Started")).toEqual({ type: "Started", plan_id: "p1", attempt: 1 });
  expect(script.sent("Event").event).toMatchObject({ event_type: "NodeStarted" });
});

test("without a connection nothing is told later, and the result says only what came after", () => {
  const { script, calls } = running(["p1"]);
  script.lose();
  script.pass(1_000);
  script.connect();
  script.forget();
  const [call] = calls;
  if (call) script.end(call, done(1));
  expect(script.sent("PlanResult").events).toHaveLength(1);
});
