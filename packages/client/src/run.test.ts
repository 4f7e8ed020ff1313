import { defineFilter, plan } from "@planwire/plan";
import type { ExecutionEvent, Outcome, WireError, WorkerEvent } from "@planwire/protocol";
import { describe, expect, test, vi } from "vitest";
import { withDeadline } from "./deadline.js";
import type { Run } from "./run.js";
import type { RunEvent } from "./run-events.js";
import { connected, succeeded, type Connected } from "./testing/connected.js";

const double = plan("double").pipe(defineFilter("double", (x: number) => 2 * x));

/** A run that the coordinator has accepted. */
async function accepted(): Promise<Connected & { run: Run<number> }> {
  const parts = await connected();
  const [run] = await Promise.all([parts.pw.submit(double, 21), parts.connection.accept()]);
  return { ...parts, run };
}

function failed(error: Partial<WireError>): Outcome {
  const wireError = { code: "FILTER_ERROR", message: "it broke", retryable: false, ...error };
  return { status: "Failed", error: wireError, attempts: 1, duration_ms: 7 };
}
const cancelled: Outcome = {
  status: "Cancelled",
  by: "the test",
  stopped: true,
  attempts: 1,
  duration_ms: 5,
};

describe("a run that fails", () => {
  test("throws with the caller's stack, and the filter's own as cause", async () => {
    const { run, connection } = await accepted();
    const cause = { name: "TypeError", message: "x is no number", stack: "TypeError: at f.ts:3" };
    connection.finish(run.id, failed({ node_id: "double", cause }));
    async function theCaller() {
      return await run.result();
    }
    const error = await theCaller().catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: "FILTER_ERROR",
      message: "it broke",
      details: { nodeId: "double", remoteStack: "TypeError: at f.ts:3" },
      cause: { name: "TypeError", message: "x is no number", stack: "TypeError: at f.ts:3" },
    });
    expect((error as Error).stack).toMatch(/theCaller.*run\.test\.ts/);
  });

  test("throws with the stack of who called run()", async () => {
    const { pw, connection } = await connected();
    async function theCaller() {
      return await pw.run(double, 1);
    }
    const caught = theCaller().catch((e: unknown) => e);
    const submit = await connection.accept();
    connection.finish(submit.plan.plan_id, failed({}));
    expect(((await caught) as Error).stack).toMatch(/theCaller.*run\.test\.ts/);
  });

  test("keeps a code that this version does not know", async () => {
    const { run, connection } = await accepted();
    connection.finish(run.id, failed({ code: "OF_TOMORROW", retryable: true }));
    await expect(run.result()).rejects.toMatchObject({
      code: "PEER_ERROR",
      message: "OF_TOMORROW: it broke",
      retryable: true,
    });
  });
});

describe("settled()", () => {
  test("tells a success", async () => {
    const { run, connection } = await accepted();
    connection.finish(run.id, succeeded(42));
    expect(await run.settled()).toEqual({ status: "Succeeded", output: 42, durationMs: 3 });
  });

  test("tells a failure without throwing", async () => {
    const { run, connection } = await accepted();
    connection.finish(run.id, failed({}));
    const settled = await run.settled();
    expect(settled).toMatchObject({
      status: "Failed",
      error: { code: "FILTER_ERROR" },
      durationMs: 7,
    });
  });

  test("tells a cancel; result() throws it", async () => {
    const { run, connection } = await accepted();
    connection.finish(run.id, cancelled);
    expect(await run.settled()).toEqual({ status: "Cancelled", by: "the test", durationMs: 5 });
    await expect(run.result()).rejects.toMatchObject({
      code: "CANCELLED",
      details: { by: "the test" },
    });
  });
});

test("a fit gives the output and the states by node id", async () => {
  const { pw, connection } = await connected();
  const scale = defineFilter("scale", {
    fit: (xs: number[]) => ({ top: Math.max(...xs) }),
    forward: (xs, s) => xs.map((x) => x / s.top),
  });
  const fitting = pw.fit(scale, [1, 2]);
  const submit = await connection.accept();
  expect(submit.plan.mode).toEqual({ Fit: { y: null } });
  connection.finish(submit.plan.plan_id, succeeded([0.5, 1], { scale: { top: 2 } }));
  expect(await (await fitting).result()).toEqual({
    output: [0.5, 1],
    states: { scale: { top: 2 } },
  });
});

describe("run()", () => {
  const conflict = { code: "PLAN_ID_CONFLICT", message: "it is taken", retryable: false } as const;

  test("throws what its submission is refused with, with the caller's stack", async () => {
    const { pw, connection } = await connected();
    async function theCaller() {
      return await pw.run(double, 1);
    }
    const caught = theCaller().catch((e: unknown) => e);
    const { request_id } = await connection.take("Submit");
    connection.send({ type: "Error", request_id, ...conflict });
    const error = await caught;
    expect(error).toMatchObject(conflict);
    expect((error as Error).stack).toMatch(/theCaller.*run\.test\.ts/);
  });

  test("under an id that another submission has takes no outcome for its own before it is accepted", async () => {
    const { pw, connection } = await connected();
    const [first] = await Promise.all([pw.submit(double, 21, { id: "p" }), connection.accept()]);
    const second = pw.run(double, 22, { id: "p" }).catch((e: unknown) => e);
    const { request_id } = await connection.take("Submit");
    connection.finish("p", succeeded(42));
    expect(await first.result()).toBe(42);
    connection.send({ type: "Error", request_id, ...conflict });
    expect(await second).toMatchObject(conflict);
  });
});

test("a plan that is not fitted is refused before anything is sent", async () => {
  const { pw, connection } = await connected();
  const scale = defineFilter("scale", {
    fit: (x: number) => ({ x }),
    forward: (x, s) => x / s.x,
  });
  // @ts-expect-error the types say so too
  await expect(pw.submit(scale, 1)).rejects.toMatchObject({
    code: "STATE_MISSING",
    details: { nodeIds: ["scale"] },
  });
  expect(connection.untaken).toEqual([]);
});

test("get() finds a run that is over, and one that goes on", async () => {
  const { pw, connection } = await connected();
  const summary = { plan_id: "p", kind: "plan", submitted_at: 0, attempts: 1 } as const;
  const over = pw.get("p");
  const first = await connection.take("Get");
  connection.send({
    type: "Got",
    request_id: first.request_id,
    summary: { ...summary, state: "Succeeded" },
    outcome: succeeded(1),
  });
  expect(await (await over).result()).toBe(1);
  const goesOn = pw.get("p");
  const second = await connection.take("Get");
  connection.send({
    type: "Got",
    request_id: second.request_id,
    summary: { ...summary, state: "Running" },
  });
  const run = await goesOn;
  expect(await connection.take("Watch")).toMatchObject({ plan_id: "p", only_outcome: true });
  connection.finish("p", succeeded(2));
  expect(await run.result()).toBe(2);
});

test("a plan in the wire's own form is checked, and gets an id", async () => {
  const { pw, connection } = await connected();
  const submitting = pw.submit({ plan: { Execute: { node_id: "f" } } }, { label: "mine" });
  const { plan: sent } = await connection.accept();
  expect(sent).toMatchObject({
    plan: { Execute: { node_id: "f" } },
    metadata: { label: "mine" },
    plan_id: expect.stringMatching(/^\w{22}$/),
  });
  expect((await submitting).id).toBe(sent.plan_id);
  await expect(pw.submit({ plan: { Exexute: { node_id: "f" } } })).rejects.toMatchObject({
    code: "PLAN_REFUSED",
    message: expect.stringContaining("Exexute"),
  });
});

describe("options of a submission", () => {
  test("`on` puts the plan on a worker or a tag", async () => {
    const { pw, connection } = await connected();
    const running = pw.submit(double, 1, { on: { tags: ["gpu"] } });
    const { plan: sent } = await connection.accept();
    expect(sent.plan).toEqual({
      Remote: {
        node_id: "remote:double",
        target: { Tag: "gpu" },
        plan: { Execute: { node_id: "double" } },
      },
    });
    expect(sent.metadata).toEqual({ name: "double" });
    await running;
    const both = pw.submit(double, 1, { on: { tags: ["gpu"], worker: "w" } });
    await expect(both).rejects.toMatchObject({ code: "BAD_USAGE" });
  });

  test("what it asks of its execution travels with the plan", async () => {
    const { pw, connection } = await connected();
    const retry = {
      attempts: 3,
      backoffMs: 10,
      maxBackoffMs: 20,
      codes: ["FILTER_ERROR"],
    } as const;
    const options = { timeoutMs: 0.5, retry, durability: "memory", keepMs: 0 } as const;
    const running = pw.submit(double, 1, options);
    expect((await connection.accept()).plan.policy).toEqual({
      max_attempts: 3,
      backoff_ms: 10,
      backoff_max_ms: 20,
      retry_codes: ["FILTER_ERROR"],
      timeout_ms: 1,
      durability: "memory",
      keep_ms: 0,
    });
    await running;
    const plain = pw.submit(double, 1);
    expect((await connection.accept()).plan).not.toHaveProperty("policy");
    await plain;
  });

  test("a document's own policy holds where the options say nothing", async () => {
    const { pw, connection } = await connected();
    const document = { plan: "Empty", policy: { max_attempts: 2, keep_ms: 5 } };
    const running = pw.submit(document, { retry: { attempts: 7 } });
    expect((await connection.accept()).plan.policy).toEqual({ max_attempts: 7, keep_ms: 5 });
    await running;
    const broken = pw.submit({ plan: "Empty", policy: { max_attempts: 0 } });
    await expect(broken).rejects.toMatchObject({
      code: "PLAN_REFUSED",
      details: { issues: [{ path: "policy.max_attempts" }] },
    });
  });

  test.each([
    { id: "a b" },
    { id: "" },
    { timeoutMs: 0 },
    { timeoutMs: NaN },
    { timeoutMs: Infinity },
    { keepMs: -1 },
    { retry: { attempts: 0 } },
    { retry: { attempts: 1.5 } },
    { retry: { backoffMs: -1 } },
    { retry: { maxBackoffMs: 1e12 } },
    { retry: { codes: ["NO_SUCH_CODE" as "FILTER_ERROR"] } },
    { durability: "tape" as "disk" },
  ])("%o is bad usage", async (options) => {
    const { pw } = await connected();
    await expect(pw.submit(double, 1, options)).rejects.toMatchObject({ code: "BAD_USAGE" });
  });
});

describe("a deadline", () => {
  test("is the coordinator's to keep: its word counts", async () => {
    const { pw, connection } = await connected();
    const submitting = pw.submit(double, 1, { timeoutMs: 5 });
    const { plan: sent } = await connection.accept();
    const run = await submitting;
    const details = { timeoutMs: 5, stopped: true };
    connection.finish(sent.plan_id, failed({ code: "DEADLINE_EXCEEDED", details }));
    await expect(run.result()).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED", details });
    expect(await run.settled()).toMatchObject({ status: "Failed" });
  });

  test("of a coordinator that says nothing for long is taken for over", async () => {
    const silent = new Promise<never>(() => {});
    expect(await withDeadline(silent, 1, 1)).toMatchObject({
      failure: { code: "DEADLINE_EXCEEDED", details: { timeoutMs: 1 } },
    });
    const outcome = Promise.resolve({ outcome: succeeded(2) });
    expect(await withDeadline(outcome, 1)).toEqual({ outcome: succeeded(2) });
  });

  test("ends run(), too, when its coordinator says nothing more", async () => {
    const { pw, connection } = await connected();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const ended = pw.run(double, 1, { timeoutMs: 5 }).then(
        () => "succeeded",
        (error: unknown) => error,
      );
      await connection.accept();
      let how: unknown;
      void ended.then((error) => (how = error));
      for (let turn = 0; turn < 500 && how === undefined; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
        vi.advanceTimersByTime(1_000);
      }
      expect(how).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    } finally {
      vi.useRealTimers();
    }
  });

  test("beyond what a timer can wait is the coordinator's alone", async () => {
    const { pw, connection } = await connected();
    const submitting = pw.submit(double, 1, { timeoutMs: 2 ** 31 });
    const { plan: sent } = await connection.accept();
    const run = await submitting;
    connection.finish(sent.plan_id, succeeded(2));
    expect(await run.result()).toBe(2);
  });
});

describe("cancel()", () => {
  test("stops the work and gives how it ended", async () => {
    const { run, connection } = await accepted();
    const cancelling = run.cancel("enough");
    const cancel = await connection.take("Cancel");
    expect(cancel).toMatchObject({ plan_id: run.id, reason: "enough" });
    const { request_id } = cancel;
    connection.send({
      type: "CancelAnswer",
      request_id,
      plan_id: run.id,
      taken: true,
      state: "Cancelling",
    });
    connection.finish(run.id, cancelled);
    expect(await cancelling).toEqual({
      status: "Cancelled",
      by: "the test",
      durationMs: 5,
      tooLate: false,
    });
  });

  test("says when it came too late", async () => {
    const { run, connection } = await accepted();
    const cancelling = run.cancel();
    const { request_id } = await connection.take("Cancel");
    connection.finish(run.id, succeeded(42));
    connection.send({
      type: "CancelAnswer",
      request_id,
      plan_id: run.id,
      taken: false,
      state: "Succeeded",
    });
    expect(await cancelling).toMatchObject({ status: "Succeeded", output: 42, tooLate: true });
  });
});

describe("signals", () => {
  test("result({ signal }) only stops waiting", async () => {
    const { run, connection } = await accepted();
    const abort = new AbortController();
    const waiting = run.result({ signal: abort.signal });
    abort.abort(new Error("no more waiting"));
    await expect(waiting).rejects.toThrow("no more waiting");
    connection.finish(run.id, succeeded(42));
    expect(await run.result()).toBe(42);
    expect(connection.untaken).toEqual([]);
  });

  test("submit({ signal }) cancels the work", async () => {
    const { pw, connection } = await connected();
    const abort = new AbortController();
    const submitting = pw.submit(double, 1, { signal: abort.signal });
    const { plan: sent } = await connection.accept();
    const run = await submitting;
    abort.abort();
    expect(await connection.take("Cancel")).toMatchObject({ plan_id: sent.plan_id });
    connection.finish(sent.plan_id, cancelled);
    await expect(run.result()).rejects.toMatchObject({ code: "CANCELLED" });
  });

  test("a signal that aborts before the answer gives up, and cancels what may be accepted", async () => {
    const { pw, connection } = await connected();
    const abort = new AbortController();
    const submitting = pw.submit(double, 1, { signal: abort.signal });
    const { plan: sent } = await connection.take("Submit");
    abort.abort("because");
    await expect(submitting).rejects.toMatchObject({ code: "CANCELLED", cause: "because" });
    expect(await connection.take("Cancel")).toMatchObject({ plan_id: sent.plan_id });
  });

  test("a signal that aborted before sends nothing", async () => {
    const { pw, connection } = await connected();
    const submitting = pw.submit(double, 1, { signal: AbortSignal.abort() });
    await expect(submitting).rejects.toMatchObject({ code: "CANCELLED" });
    expect(connection.untaken).toEqual([]);
  });
});

describe("events()", () => {
  const origin = { part_id: "p", attempt: 1, worker_id: "w" };
  const worker = (event: WorkerEvent): ExecutionEvent => ({ kind: "Worker", ...origin, event });

  test("gives every event with its number, and ends with Finished", async () => {
    const { run, connection } = await accepted();
    const node = { run_id: "r", node_id: "double" };
    const told: ExecutionEvent[] = [
      { kind: "Accepted" },
      { kind: "AttemptStarted", ...origin },
      worker({ event_type: "NodeStarted", ...node }),
      worker({ event_type: "NodeProgress", ...node, progress: 0.5 }),
      worker({ event_type: "Log", ...node, message: "half", fields: { n: 1 } }),
      worker({ event_type: "NodeCompleted", ...node, duration: 3n }),
      worker({ event_type: "NodeFailed", ...node, error: "oh" }),
      worker({ event_type: "TrialStarted", trial: 3 }),
      { kind: "AttemptLost", ...origin, reason: "gone" },
      { kind: "EventsLost", from: [1, 3], to: [1, 4] },
      { kind: "CancelRequested", by: "you" },
    ];
    const seen = collect(run.events());
    await connection.answerWatch();
    told.forEach((event, i) => connection.event(run.id, i + 1, event));
    connection.finish(run.id, cancelled);
    const from = { partId: "p", attempt: 1, workerId: "w" };
    const at = (n: number) => ({ number: [1, n], at: 1_000 + n });
    expect(await seen).toEqual([
      { ...at(1), type: "Accepted" },
      { ...at(2), ...from, type: "AttemptStarted" },
      { ...at(3), ...from, type: "NodeStarted", nodeId: "double" },
      { ...at(4), ...from, type: "NodeProgress", nodeId: "double", fraction: 0.5 },
      { ...at(5), ...from, type: "Log", nodeId: "double", message: "half", fields: { n: 1 } },
      { ...at(6), ...from, type: "NodeCompleted", nodeId: "double", durationMs: 3 },
      { ...at(7), ...from, type: "NodeFailed", nodeId: "double", error: "oh" },
      { ...at(8), ...from, type: "Other", event: { event_type: "TrialStarted", trial: 3 } },
      { ...at(9), ...from, type: "AttemptLost", reason: "gone" },
      { ...at(10), type: "EventsLost", from: [1, 3], to: [1, 4] },
      { ...at(11), type: "CancelRequested", by: "you" },
      {
        ...at(1_000),
        type: "Finished",
        status: "Cancelled",
        by: "the test",
        stopped: true,
        attempts: 1,
        durationMs: 5,
      },
    ]);
  });

  test("are given to each reader, as fast as it reads", async () => {
    const { run, connection } = await accepted();
    const quick = collect(run.events());
    await connection.answerWatch();
    connection.event(run.id, 1, { kind: "Accepted" });
    const slow = run.events()[Symbol.asyncIterator]();
    const first = slow.next();
    await connection.answerWatch();
    connection.event(run.id, 1, { kind: "Accepted" });
    connection.finish(run.id, succeeded(1));
    expect((await quick).map(({ type }) => type)).toEqual(["Accepted", "Finished"]);
    expect(await first).toMatchObject({ done: false, value: { type: "Accepted" } });
    expect(await slow.next()).toMatchObject({ value: { type: "Finished" } });
    expect(await slow.next()).toMatchObject({ done: true });
  });

  test("a reader that leaves is not told any more", async () => {
    const { run, connection } = await accepted();
    const reading = firstOf(run.events());
    await connection.answerWatch();
    connection.event(run.id, 1, { kind: "Accepted" });
    expect(await reading).toMatchObject({ type: "Accepted" });
    expect(await connection.take("Watch")).toMatchObject({ only_outcome: true });
  });

  test("throws when the client is closed", async () => {
    const { run, pw, connection } = await accepted();
    const seen = collect(run.events());
    await connection.take("Watch");
    await Promise.all([expect(seen).rejects.toMatchObject({ code: "CLOSED" }), pw.close()]);
  });
});

async function collect(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const seen: RunEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

async function firstOf(events: AsyncIterable<RunEvent>): Promise<RunEvent | undefined> {
  for await (const event of events) return event;
  return undefined;
}

test("explain() gives the reasons as lines", async () => {
  const { run, connection } = await accepted();
  const explaining = run.explain();
  const { request_id } = await connection.take("Explain");
  connection.send({
    type: "Explained",
    request_id,
    plan_id: run.id,
    state: "Queued",
    reasons: ["no worker is free", "2 plans are before it"],
  });
  expect(await explaining).toBe("no worker is free\n2 plans are before it");
});

test("a run is no thenable", async () => {
  const { run } = await accepted();
  expect("then" in run).toBe(false);
  expect(await Promise.resolve(run)).toBe(run);
});
