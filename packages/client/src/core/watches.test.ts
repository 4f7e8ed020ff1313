import type { ExecutionEvent } from "@planwire/protocol";
import { expect, test } from "vitest";
import { CoreStory, FINISHED, planOf, sent } from "../testing/core-story.js";

const started: ExecutionEvent = {
  kind: "AttemptStarted",
  part_id: "p",
  attempt: 1,
  worker_id: "w",
};

/** A core that follows "p" and has one reader of its events. */
function withFeed(): CoreStory {
  const core = new CoreStory();
  core.welcome();
  core.event({ type: "follow", planId: "p" });
  core.event({ type: "openFeed", feed: 1, planId: "p" });
  core.watching("p");
  return core;
}

const fed = (feed: number, number: [number, number], event: ExecutionEvent) => ({
  type: "feed",
  feed,
  event: { type: "PlanEvent", plan_id: "p", number, at: 0, event },
});

test("the first reader asks for all events", () => {
  const core = new CoreStory();
  core.welcome();
  core.event({ type: "follow", planId: "p" });
  expect(sent(core.event({ type: "openFeed", feed: 1, planId: "p" }))).toEqual([
    { type: "Watch", request_id: 2, plan_id: "p" },
  ]);
  core.watching("p");
  expect(core.planEvent("p", [1, 1], started)).toEqual([fed(1, [1, 1], started)]);
});

test("a second reader gets events from the beginning, the first none twice", () => {
  const core = withFeed();
  core.planEvent("p", [1, 1], started);
  core.planEvent("p", [1, 2], started);
  expect(sent(core.event({ type: "openFeed", feed: 2, planId: "p" }))).toEqual([
    { type: "Watch", request_id: 3, plan_id: "p" },
  ]);
  core.watching("p");
  expect(core.planEvent("p", [1, 1], started)).toEqual([fed(2, [1, 1], started)]);
  expect(core.planEvent("p", [1, 2], started)).toEqual([fed(2, [1, 2], started)]);
  expect(core.planEvent("p", [1, 3], started)).toEqual([
    fed(1, [1, 3], started),
    fed(2, [1, 3], started),
  ]);
});

test("after a reconnect the watch goes on behind what the slowest reader has", () => {
  const core = withFeed();
  core.planEvent("p", [1, 1], started);
  core.planEvent("p", [1, 2], started);
  core.event({ type: "openFeed", feed: 2, planId: "p" });
  core.watching("p");
  core.planEvent("p", [1, 1], started);
  core.cut();
  expect(sent(core.welcome())).toEqual([
    { type: "Watch", request_id: 4, plan_id: "p", from: [1, 1] },
  ]);
});

test("after a reconnect an outcome that is told to a Submit does not end the readers: their Watch is still to be answered", () => {
  const core = withFeed();
  core.planEvent("p", [1, 1], started);
  core.cut();
  core.event({ type: "submit", ask: 7, plan: planOf("p") });
  core.welcome();
  expect(core.planEvent("p", [1, 3], FINISHED)).toMatchObject([{ type: "finish", planId: "p" }]);
  core.watching("p");
  expect(core.planEvent("p", [1, 2], started)).toEqual([fed(1, [1, 2], started)]);
  expect(core.planEvent("p", [1, 3], FINISHED)).toContainEqual(fed(1, [1, 3], FINISHED));
});

test("numbers of a later start of the coordinator are later, whatever their count", () => {
  const core = withFeed();
  core.planEvent("p", [1, 7], started);
  expect(core.planEvent("p", [2, 1], started)).toEqual([fed(1, [2, 1], started)]);
  expect(core.planEvent("p", [1, 8], started)).toEqual([]);
});

test("events that come before the Watch is answered belong to an earlier one: no reader begins in the middle", () => {
  const core = withFeed();
  core.planEvent("p", [1, 1], started);
  core.event({ type: "openFeed", feed: 2, planId: "p" });
  expect(core.planEvent("p", [1, 2], started)).toEqual([fed(1, [1, 2], started)]);
  core.watching("p");
  expect(core.planEvent("p", [1, 1], started)).toEqual([fed(2, [1, 1], started)]);
});

test("a run that ends while a reader asks for its events still gives it all of them", () => {
  const core = new CoreStory();
  core.welcome();
  core.event({ type: "follow", planId: "p" });
  core.watching("p");
  core.event({ type: "openFeed", feed: 1, planId: "p" });
  expect(core.finished("p")).toEqual([{ type: "finish", planId: "p", outcome: FINISHED.outcome }]);
  core.watching("p");
  expect(core.planEvent("p", [1, 1], started)).toEqual([fed(1, [1, 1], started)]);
  expect(core.finished("p")).toEqual([fed(1, [1, 9], FINISHED)]);
  expect(core.state.watches.size).toBe(0);
});

test("Finished ends the readers and tells the outcome", () => {
  const core = withFeed();
  expect(core.finished("p")).toEqual([
    fed(1, [1, 9], FINISHED),
    { type: "finish", planId: "p", outcome: FINISHED.outcome },
  ]);
  expect(core.state.watches.size).toBe(0);
});

test("when the last reader leaves, only the outcome is asked for", () => {
  const core = withFeed();
  expect(sent(core.event({ type: "closeFeed", feed: 1, planId: "p" }))).toEqual([
    { type: "Watch", request_id: 3, plan_id: "p", only_outcome: true },
  ]);
});

test("when nobody wants anything, the watch ends", () => {
  const core = new CoreStory();
  core.welcome();
  core.event({ type: "openFeed", feed: 1, planId: "p" });
  expect(core.event({ type: "closeFeed", feed: 1, planId: "p" })).toEqual([
    { type: "send", connection: 1, message: { type: "Unwatch", plan_id: "p" } },
  ]);
  expect(core.state.watches.size).toBe(0);
});

test("a reader in a history that is gone fails", () => {
  const core = withFeed();
  core.cut();
  const unknown = expect.objectContaining({ code: "PLAN_UNKNOWN" });
  expect(core.welcome("h2")).toEqual(
    expect.arrayContaining([
      { type: "loseSight", planId: "p", failure: unknown },
      { type: "failFeed", feed: 1, failure: unknown },
    ]),
  );
});

test("what its coordinator has no more to tell of is lost to all who wait for it, and to nobody else", () => {
  const core = withFeed();
  core.event({ type: "follow", planId: "q" });
  const error = { code: "PLAN_UNKNOWN", message: "another has it", retryable: false };
  expect(core.message({ type: "Error", ...error, plan_id: "p" })).toEqual([
    { type: "loseSight", planId: "p", failure: error },
    { type: "failFeed", feed: 1, failure: error },
  ]);
  expect([...core.state.watches.keys()]).toEqual(["q"]);
});

const submitted = (planId: string) =>
  ({ type: "submit", ask: 1, plan: { plan_id: planId, plan: "Empty", metadata: {} } }) as const;

test("a reader that came while there was no connection is told once the submission is accepted", () => {
  const core = new CoreStory();
  core.welcome();
  core.cut();
  core.event(submitted("p"));
  core.event({ type: "openFeed", feed: 1, planId: "p" });
  core.welcome();
  const about = { plan_id: "p", history_id: "h1", coordinator_id: "c1", existing: false };
  expect(sent(core.message({ type: "Accepted", request_id: 1, ...about }))).toEqual([
    { type: "Watch", request_id: 2, plan_id: "p" },
  ]);
});

test("a reader of what was refused is told so", () => {
  const core = new CoreStory();
  core.welcome();
  core.event(submitted("p"));
  core.event({ type: "openFeed", feed: 1, planId: "p" });
  const failure = { code: "QUEUE_FULL", message: "no", retryable: true };
  expect(core.message({ type: "Error", request_id: 1, ...failure })).toEqual([
    { type: "loseSight", planId: "p", failure },
    { type: "failFeed", feed: 1, failure },
    { type: "refuse", ask: 1, failure },
  ]);
});
