import type { ExecutionSummary, MessageOf } from "@planwire/protocol";
import { describe, expect, test } from "vitest";
import { CoreStory, FINISHED, planOf, sent } from "../testing/core-story.js";

const accepted = (requestId: number, planId: string, historyId = "h1") =>
  ({
    type: "Accepted",
    request_id: requestId,
    plan_id: planId,
    history_id: historyId,
    coordinator_id: "c1",
    existing: false,
  }) as const;

const error = { code: "PLAN_UNKNOWN", message: "no such plan", retryable: false } as const;

describe("a request", () => {
  test("is answered by its number", () => {
    const core = new CoreStory();
    core.welcome();
    core.event({ type: "ask", ask: 10, question: { type: "ListWorkers" } });
    core.event({ type: "ask", ask: 20, question: { type: "Explain", plan_id: "p" } });
    const explained: MessageOf<"Explained"> = {
      type: "Explained",
      request_id: 2,
      plan_id: "p",
      state: "Queued",
      reasons: [],
    };
    expect(core.message(explained)).toEqual([{ type: "answer", ask: 20, answer: explained }]);
    const workers: MessageOf<"Workers"> = { type: "Workers", request_id: 1, workers: [] };
    expect(core.message(workers)).toEqual([{ type: "answer", ask: 10, answer: workers }]);
    expect(core.message(workers)).toEqual([]);
  });

  test("is refused by an Error with its number", () => {
    const core = new CoreStory();
    core.welcome();
    core.event({ type: "ask", ask: 10, question: { type: "Get", plan_id: "p" } });
    expect(core.message({ type: "Error", request_id: 1, ...error })).toEqual([
      { type: "refuse", ask: 10, failure: error },
    ]);
  });

  test("is sent again after a reconnect, with the same number", () => {
    const core = new CoreStory();
    core.welcome();
    const question = { type: "Get", plan_id: "p" } as const;
    expect(sent(core.event({ type: "ask", ask: 10, question }))).toEqual([
      { ...question, request_id: 1 },
    ]);
    core.cut();
    expect(sent(core.welcome())).toEqual([{ ...question, request_id: 1 }]);
  });

  test("made while there is no connection waits for the next one", () => {
    const core = new CoreStory();
    core.welcome();
    core.cut();
    expect(core.event({ type: "submit", ask: 1, plan: planOf("p1") })).toEqual([]);
    expect(sent(core.welcome())).toEqual([
      { type: "Submit", request_id: 1, plan: planOf("p1"), watch: true, only_outcome: true },
    ]);
  });

  test("of one who waits for the outcome alone says so, that its acceptance may wait for it", () => {
    const core = new CoreStory();
    core.welcome();
    const event = { type: "submit", ask: 1, plan: planOf("p1"), forOutcome: true } as const;
    expect(sent(core.event(event))).toMatchObject([{ type: "Submit", accepted_may_wait: true }]);
  });

  test("is refused when too many wait for their answers", () => {
    const core = new CoreStory({ maxRequests: 1 });
    core.welcome();
    core.event({ type: "ask", ask: 1, question: { type: "ListWorkers" } });
    const full = expect.objectContaining({ code: "QUEUE_FULL", details: { limit: 1, queued: 1 } });
    expect(core.event({ type: "submit", ask: 2, plan: planOf("p") })).toEqual([
      { type: "loseSight", planId: "p", failure: full },
      { type: "refuse", ask: 2, failure: full },
    ]);
  });

  test("is refused when too many wait, and who waits for an earlier one of that id goes on waiting", () => {
    const core = new CoreStory({ maxRequests: 1 });
    core.welcome();
    core.event({ type: "submit", ask: 1, plan: planOf("p") });
    const full = expect.objectContaining({ code: "QUEUE_FULL" });
    expect(core.event({ type: "submit", ask: 2, plan: planOf("p") })).toEqual([
      { type: "refuse", ask: 2, failure: full },
    ]);
    core.message(accepted(1, "p"));
    expect(core.finished("p")).toMatchObject([{ type: "finish", planId: "p" }]);
  });

  test("for which nobody waits but for its outcome tells of a refusal alone, and as that", () => {
    const core = new CoreStory({ maxRequests: 2 });
    core.welcome();
    const submit = (planId: string) => core.event({ type: "submit", plan: planOf(planId) });
    submit("p1");
    submit("p2");
    expect(submit("p3")).toEqual([
      {
        type: "loseSight",
        planId: "p3",
        failure: expect.objectContaining({ code: "QUEUE_FULL" }),
      },
    ]);
    expect(core.message(accepted(1, "p1"))).toEqual([]);
    expect(core.message({ type: "Error", request_id: 2, ...error })).toEqual([
      { type: "loseSight", planId: "p2", failure: error },
    ]);
    expect([...core.state.watches.keys()]).toEqual(["p1"]);
  });

  test("is refused, not sent for ever, when the coordinator closes because of its size", () => {
    const core = new CoreStory();
    core.welcome();
    core.event({ type: "ask", ask: 1, question: { type: "ListWorkers" } });
    const loss = { closeCode: 4004, reason: "MESSAGE_TOO_LARGE" };
    const effects = core.event({ type: "socketClosed", connection: 1, random: 1, ...loss });
    expect(effects[0]).toEqual({
      type: "refuse",
      ask: 1,
      failure: expect.objectContaining({ code: "MESSAGE_TOO_LARGE" }),
    });
    expect(sent(core.welcome())).toEqual([]);
  });

  test("that was never sent is not why the coordinator closed, and waits on", () => {
    const core = new CoreStory();
    core.welcome();
    core.cut();
    core.event({ type: "ask", ask: 1, question: { type: "ListWorkers" } });
    core.wake();
    const loss = { closeCode: 4004, reason: "MESSAGE_TOO_LARGE" };
    const effects = core.event({ type: "socketClosed", connection: 2, random: 1, ...loss });
    expect(effects).toEqual([{ type: "wakeAt", at: expect.any(Number) }]);
    expect(sent(core.welcome())).toEqual([{ type: "ListWorkers", request_id: 1 }]);
  });

  test("that cannot be written is refused", () => {
    const core = new CoreStory();
    core.welcome();
    const [message] = sent(core.event({ type: "submit", ask: 1, plan: planOf("p") }));
    const failure = { code: "VALUE_UNSUPPORTED", message: "no", retryable: false };
    if (!message) throw new Error("nothing was sent");
    expect(core.event({ type: "sendFailed", message, failure })).toEqual([
      { type: "loseSight", planId: "p", failure },
      { type: "refuse", ask: 1, failure },
    ]);
  });

  test("answered by something else is refused", () => {
    const core = new CoreStory();
    core.welcome();
    core.event({ type: "ask", ask: 1, question: { type: "Get", plan_id: "p" } });
    expect(core.message({ type: "Workers", request_id: 1, workers: [] })).toEqual([
      { type: "refuse", ask: 1, failure: expect.objectContaining({ code: "PEER_ERROR" }) },
    ]);
  });
});

describe("a submission", () => {
  test("is accepted, then its outcome comes", () => {
    const core = new CoreStory();
    core.welcome();
    core.event({ type: "submit", ask: 1, plan: planOf("p") });
    const answer = accepted(1, "p");
    expect(core.message(answer)).toEqual([{ type: "answer", ask: 1, answer }]);
    expect(core.finished("p")).toEqual([
      { type: "finish", planId: "p", outcome: FINISHED.outcome },
    ]);
    expect(core.state.watches.size).toBe(0);
    expect(core.finished("p")).toEqual([]);
  });

  test("that existed already is watched, for it may have ended", () => {
    const core = new CoreStory();
    core.welcome();
    core.event({ type: "submit", ask: 1, plan: planOf("p") });
    expect(sent(core.message({ ...accepted(1, "p"), existing: true }))).toEqual([
      { type: "Watch", request_id: 2, plan_id: "p", only_outcome: true },
    ]);
  });

  test("that was accepted is not submitted again after a reconnect, but watched", () => {
    const core = new CoreStory();
    core.welcome();
    core.event({ type: "submit", ask: 1, plan: planOf("p") });
    core.message(accepted(1, "p"));
    core.cut();
    expect(sent(core.welcome())).toEqual([
      { type: "Watch", request_id: 2, plan_id: "p", only_outcome: true },
    ]);
  });

  test("that was accepted in another history is unknown", () => {
    const core = new CoreStory();
    core.welcome("h1");
    core.event({ type: "submit", ask: 1, plan: planOf("p") });
    core.message(accepted(1, "p", "h1"));
    core.cut();
    const effects = core.welcome("h2");
    expect(effects).toContainEqual({
      type: "loseSight",
      planId: "p",
      failure: expect.objectContaining({ code: "PLAN_UNKNOWN" }),
    });
    expect(sent(effects)).toEqual([]);
  });

  test("that was not answered is submitted to whichever history answers next", () => {
    const core = new CoreStory();
    core.welcome("h1");
    core.event({ type: "submit", ask: 1, plan: planOf("p") });
    core.cut();
    expect(sent(core.welcome("h2"))).toEqual([
      { type: "Submit", request_id: 1, plan: planOf("p"), watch: true, only_outcome: true },
    ]);
  });

  test("that is refused is not watched", () => {
    const core = new CoreStory();
    core.welcome();
    core.event({ type: "submit", ask: 1, plan: planOf("p") });
    const full = { code: "QUEUE_FULL", message: "full", retryable: true };
    expect(core.message({ type: "Error", request_id: 1, ...full })).toEqual([
      { type: "loseSight", planId: "p", failure: full },
      { type: "refuse", ask: 1, failure: full },
    ]);
    expect(core.state.watches.size).toBe(0);
  });

  test("that is refused leaves alone what was accepted under the same id", () => {
    const core = new CoreStory();
    core.welcome();
    core.event({ type: "submit", ask: 1, plan: planOf("p") });
    core.message(accepted(1, "p"));
    core.event({ type: "submit", ask: 2, plan: planOf("p") });
    const conflict = { code: "PLAN_ID_CONFLICT", message: "other content", retryable: false };
    expect(core.message({ type: "Error", request_id: 2, ...conflict })).toEqual([
      { type: "refuse", ask: 2, failure: conflict },
    ]);
    expect(core.finished("p")).toEqual([
      { type: "finish", planId: "p", outcome: FINISHED.outcome },
    ]);
  });

  test("that is refused is lost to those, too, who follow it and read its events", () => {
    const core = new CoreStory();
    core.welcome();
    core.event({ type: "submit", ask: 1, plan: planOf("p") });
    core.event({ type: "follow", planId: "p" });
    core.event({ type: "openFeed", feed: 1, planId: "p" });
    const full = { code: "QUEUE_FULL", message: "full", retryable: true };
    expect(core.message({ type: "Error", request_id: 1, ...full })).toEqual([
      { type: "loseSight", planId: "p", failure: full },
      { type: "failFeed", feed: 1, failure: full },
      { type: "refuse", ask: 1, failure: full },
    ]);
    expect([core.state.watches.size, core.state.watchRequests.size]).toEqual([0, 0]);
  });

  test("that is refused is not watched by those who read events under the same id", () => {
    const core = new CoreStory();
    core.welcome();
    core.event({ type: "openFeed", feed: 1, planId: "p" });
    core.watching("p");
    core.event({ type: "submit", ask: 2, plan: planOf("p") });
    const conflict = { code: "PLAN_ID_CONFLICT", message: "other content", retryable: false };
    expect(core.message({ type: "Error", request_id: 2, ...conflict })).toEqual([
      { type: "loseSight", planId: "p", failure: conflict },
      { type: "refuse", ask: 2, failure: conflict },
    ]);
    expect(core.finished("p").map(({ type }) => type)).toEqual(["feed"]);
    expect(core.state.watches.size).toBe(0);
  });

  test("that finished under the same id while a second one is under way finishes that too", () => {
    const core = new CoreStory();
    core.welcome();
    core.event({ type: "submit", ask: 1, plan: planOf("p") });
    core.message(accepted(1, "p"));
    core.event({ type: "submit", ask: 2, plan: planOf("p") });
    core.finished("p");
    core.message(accepted(2, "p"));
    expect(core.finished("p")).toEqual([
      { type: "finish", planId: "p", outcome: FINISHED.outcome },
    ]);
    expect(core.state.watches.size).toBe(0);
  });
});

describe("a submission that nobody waits for any more", () => {
  const given = { type: "abandonSubmit", ask: 1, reason: "enough" } as const;

  test("is forgotten when it was never sent", () => {
    const core = new CoreStory();
    core.welcome();
    core.cut();
    core.event({ type: "submit", ask: 1, plan: planOf("p") });
    core.event(given);
    expect(sent(core.welcome())).toEqual([]);
    expect(core.state.watches.size).toBe(0);
  });

  test("is cancelled behind its Submit when that may have arrived", () => {
    const core = new CoreStory();
    core.welcome();
    core.event({ type: "submit", ask: 1, plan: planOf("p") });
    const cancel = { type: "Cancel", request_id: 2, plan_id: "p", reason: "enough" };
    expect(sent(core.event(given))).toEqual([cancel]);
    expect(core.message(accepted(1, "p"))).toEqual([]);
    core.cut();
    expect(sent(core.welcome())).toEqual([cancel]);
  });
});

test("whoever follows an execution learns its outcome, also after a reconnect", () => {
  const core = new CoreStory();
  core.welcome();
  const watch = { type: "Watch", plan_id: "p", only_outcome: true };
  expect(sent(core.event({ type: "follow", planId: "p" }))).toEqual([{ ...watch, request_id: 1 }]);
  core.message({ type: "Watching", request_id: 1, plan_id: "p", state: "Running" });
  core.cut();
  expect(sent(core.welcome())).toEqual([{ ...watch, request_id: 2 }]);
  expect(core.finished("p")).toEqual([{ type: "finish", planId: "p", outcome: FINISHED.outcome }]);
});

test("a watch that is refused fails whoever waits", () => {
  const core = new CoreStory();
  core.welcome();
  core.event({ type: "follow", planId: "p" });
  expect(core.message({ type: "Error", request_id: 1, ...error })).toEqual([
    { type: "loseSight", planId: "p", failure: error },
  ]);
});

test("a watch whose answer nobody can read fails whoever waits", () => {
  const core = new CoreStory();
  core.welcome();
  core.event({ type: "follow", planId: "p" });
  const failure = { code: "INVALID_MESSAGE", message: "what?", retryable: false };
  const broken = { connection: 1, failure, requestId: 1, isError: true } as const;
  expect(core.event({ type: "brokenReceived", ...broken })).toEqual([
    { type: "loseSight", planId: "p", failure },
  ]);
});

test("an answer of an earlier connection's watch changes nothing", () => {
  const core = new CoreStory();
  core.welcome();
  core.event({ type: "follow", planId: "p" });
  core.cut();
  core.welcome();
  expect(core.message({ type: "Error", request_id: 1, ...error })).toEqual([]);
});

const summary: ExecutionSummary = {
  plan_id: "p",
  kind: "plan",
  state: "Queued",
  submitted_at: 0,
  attempts: 0,
};
test("Got is an answer like others", () => {
  const core = new CoreStory();
  core.welcome();
  core.event({ type: "ask", ask: 4, question: { type: "Get", plan_id: "p" } });
  const answer = { type: "Got", request_id: 1, summary } as const;
  expect(core.message(answer)).toEqual([{ type: "answer", ask: 4, answer }]);
});
