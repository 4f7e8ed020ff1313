import { describe, expect, test } from "vitest";
import { CoreStory, sent } from "../testing/core-story.js";

describe("the first connection", () => {
  test("opens a socket, says Hello on it, and is there with Welcome", () => {
    const core = new CoreStory();
    expect(core.event({ type: "connect" })).toEqual([
      { type: "openSocket", connection: 1 },
      { type: "wakeAt", at: 2_000 },
    ]);
    const hello = {
      type: "Hello",
      protocol_version: 1,
      implementation: "test",
      version: "0",
      features: ["batch", "errors"],
    };
    expect(core.event({ type: "openSocketDone", connection: 1 })).toEqual([
      { type: "send", connection: 1, message: hello },
    ]);
    expect(core.welcome()).toEqual([
      { type: "writeFor", features: ["batch"], frameBytes: 10_000 },
      { type: "connected" },
      { type: "wakeAt", at: undefined },
    ]);
  });

  test("is tried again, later each time, until its time is over", () => {
    const core = new CoreStory({ firstConnectionMs: 500 });
    core.event({ type: "connect" });
    expect(core.cut()).toEqual([{ type: "wakeAt", at: 100 }]);
    expect(core.wake()).toEqual([
      { type: "openSocket", connection: 2 },
      { type: "wakeAt", at: 500 },
    ]);
    expect(core.cut()).toEqual([{ type: "wakeAt", at: 300 }]);
    core.wake();
    expect(core.cut()).toEqual([
      {
        type: "ended",
        failure: expect.objectContaining({
          code: "COORDINATOR_UNREACHABLE",
          message: "the coordinator could not be reached: cut",
          hint: expect.stringContaining("npx planwire dev"),
        }),
      },
      { type: "wakeAt", at: undefined },
    ]);
  });

  test("gives up on a peer that opens but says nothing", () => {
    const core = new CoreStory({ firstConnectionMs: 500 });
    core.event({ type: "connect" });
    core.event({ type: "openSocketDone", connection: 1 });
    expect(core.wake()).toEqual([
      { type: "closeSocket", connection: 1 },
      { type: "ended", failure: expect.objectContaining({ code: "COORDINATOR_UNREACHABLE" }) },
    ]);
  });

  test.each([
    [{ closeCode: 1006, reason: "", status: 401 }, "UNAUTHORIZED"],
    [{ closeCode: 1006, reason: "", status: 403 }, "FORBIDDEN"],
    [{ closeCode: 4401, reason: "UNAUTHORIZED" }, "UNAUTHORIZED"],
    [{ closeCode: 4006, reason: "UNSUPPORTED_VERSION" }, "UNSUPPORTED_VERSION"],
  ])("is not tried again after %o", (loss, code) => {
    const core = new CoreStory();
    core.event({ type: "connect" });
    expect(core.event({ type: "socketClosed", connection: 1, random: 0, ...loss })).toEqual([
      { type: "ended", failure: expect.objectContaining({ code }) },
      { type: "wakeAt", at: undefined },
    ]);
  });

  test.each(["SESSION_EXPIRED", "SESSION_REPLACED", "SHUTTING_DOWN", "INTERNAL"])(
    "is tried again after %s",
    (reason) => {
      const core = new CoreStory();
      core.event({ type: "connect" });
      const loss = { closeCode: 4408, reason };
      const effects = core.event({ type: "socketClosed", connection: 1, random: 1, ...loss });
      expect(effects).toEqual([{ type: "wakeAt", at: 100 }]);
    },
  );

  test("ends with an Error that refuses the Hello", () => {
    const core = new CoreStory();
    core.event({ type: "connect" });
    core.event({ type: "openSocketDone", connection: 1 });
    const error = { code: "UNSUPPORTED_VERSION", message: "version 9 only", retryable: false };
    expect(core.message({ type: "Error", ...error })).toEqual([
      { type: "closeSocket", connection: 1 },
      { type: "ended", failure: error },
      { type: "wakeAt", at: undefined },
    ]);
  });
});

describe("a connection that is lost", () => {
  test("is made again for as long as it takes, after ever longer waits", () => {
    const core = new CoreStory();
    core.welcome();
    const waits = Array.from({ length: 6 }, () => {
      core.cut();
      const wait = (core.state.session.wakeAt ?? 0) - core.mono;
      core.wake();
      return wait;
    });
    expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    expect(core.state.session.phase.name).toBe("opening");
  });

  test("waits between half and all of that, by chance", () => {
    const core = new CoreStory();
    core.welcome();
    const loss = { closeCode: 1006, reason: "" };
    core.event({ type: "socketClosed", connection: 1, random: 0, ...loss });
    expect(core.state.session.wakeAt).toBe(50);
  });

  test("begins with short waits again once it was there", () => {
    const core = new CoreStory();
    core.welcome();
    for (const _ of [1, 2, 3]) {
      core.cut();
      core.wake();
    }
    core.welcome();
    core.cut();
    expect((core.state.session.wakeAt ?? 0) - core.mono).toBe(100);
  });

  test("is not lost by what an older socket still says", () => {
    const core = new CoreStory();
    core.welcome();
    core.cut();
    core.welcome();
    const loss = { closeCode: 1006, reason: "" };
    expect(core.event({ type: "socketClosed", connection: 1, random: 1, ...loss })).toEqual([]);
    expect(core.state.session.phase.name).toBe("ready");
  });

  test("a timer that is early is set again", () => {
    const core = new CoreStory();
    core.welcome();
    core.cut();
    core.mono = 60;
    expect(core.event({ type: "wakeAtDone", random: 1 })).toEqual([{ type: "wakeAt", at: 100 }]);
  });
});

test("what is not understood is answered by its error, and an error by nothing", () => {
  const core = new CoreStory();
  core.welcome();
  const broken = { code: "UNKNOWN_TYPE", message: "no such type", retryable: false };
  const event = { type: "brokenReceived", connection: 1, failure: broken } as const;
  expect(sent(core.event({ ...event, isError: false }))).toEqual([{ type: "Error", ...broken }]);
  expect(core.event({ ...event, isError: true })).toEqual([]);
});

test("close() settles whatever waits with CLOSED, and takes nothing more", () => {
  const core = new CoreStory();
  core.welcome();
  core.event({ type: "ask", ask: 1, question: { type: "ListWorkers" } });
  core.event({ type: "submit", ask: 2, plan: { plan_id: "p1", plan: "Empty", metadata: {} } });
  core.event({ type: "openFeed", feed: 7, planId: "p2" });
  core.event({
    type: "openStream",
    streamId: "s1",
    plan: { plan_id: "p3", plan: "Empty", metadata: {} },
  });
  const closed = expect.objectContaining({ code: "CLOSED" });
  expect(core.event({ type: "close" })).toEqual([
    { type: "closeSocket", connection: 1 },
    { type: "refuse", ask: 1, failure: closed },
    { type: "loseSight", planId: "p1", failure: closed },
    { type: "refuse", ask: 2, failure: closed },
    { type: "failFeed", feed: 7, failure: closed },
    { type: "failStream", streamId: "s1", failure: closed },
    { type: "ended", failure: closed },
  ]);
  expect(core.event({ type: "ask", ask: 3, question: { type: "ListWorkers" } })).toEqual([
    { type: "refuse", ask: 3, failure: closed },
  ]);
});
