import { defineFilter, plan } from "@planwire/plan";
import type { ErrorMessage, PlanResult } from "@planwire/protocol";
import { expect, onTestFinished, test } from "vitest";
import { DEFAULT_LIMITS } from "./client-limits.js";
import { Driver } from "./driver.js";
import { PlanwireClient } from "./planwire-client.js";
import { startRaw, succeeded, type Connected } from "./testing/connected.js";
import type { RawConnection } from "./testing/raw-coordinator.js";

const double = plan("double").pipe(defineFilter("double", (x: number) => 2 * x));
const done = succeeded(2);

type Client = Connected & { readonly driver: Driver };

/** A client that may have one request under way and one stream open. */
async function client(): Promise<Client> {
  const coordinator = await startRaw();
  coordinator.limits = { frame_bytes: 10_000, chunk_bytes: 1_000 };
  const driver = new Driver({
    url: coordinator.url,
    token: undefined,
    firstConnectionMs: 5_000,
    limits: { ...DEFAULT_LIMITS, maxRequests: 1, maxStreams: 1 },
    onBusy: () => undefined,
  });
  const pw = new PlanwireClient(driver, { offerFilters: undefined, onClosed: undefined });
  onTestFinished(() => pw.close());
  const connection = await coordinator.welcomed();
  await driver.connected;
  return { coordinator, driver, pw, connection };
}

const conflict = { code: "PLAN_ID_CONFLICT", message: "it is taken", retryable: false } as const;
const unknown = { code: "PLAN_UNKNOWN", message: "no such plan", retryable: false } as const;

function errorOf(waiting: Promise<unknown>): Promise<unknown> {
  return waiting.then(
    () => undefined,
    (error: unknown) => error,
  );
}

async function isRefused(waiting: Promise<unknown>, code: string): Promise<void> {
  expect(await errorOf(waiting)).toMatchObject({ code });
}

async function refuse(
  connection: RawConnection,
  type: "Submit" | "Get" | "Watch" | "Explain",
  error: Omit<ErrorMessage, "type" | "request_id">,
): Promise<void> {
  const { request_id } = await connection.take(type);
  connection.send({ type: "Error", request_id, ...error });
}

/** Its answer is one that nobody can read. */
async function answerBrokenly(connection: RawConnection, type: "Submit" | "Get" | "Watch") {
  const { request_id } = await connection.take(type);
  connection.sendRaw(`{"type":"Watching","request_id":${request_id},"plan_id":7}`);
}

async function running({ connection }: Client, id: string): Promise<void> {
  const { request_id } = await connection.take("Get");
  const summary = { kind: "plan", submitted_at: 0, attempts: 1, state: "Running" } as const;
  connection.send({ type: "Got", request_id, summary: { plan_id: id, ...summary } });
}

/** The run of a plan that somebody else has submitted, and that goes on. */
async function followed(parts: Client) {
  const [run] = await Promise.all([parts.pw.get("p"), running(parts, "p")]);
  return run;
}

/** A stream whose source never gives anything. */
function openStream({ pw }: Client) {
  const stream = pw.stream(double, endless());
  return { stream, reading: errorOf(stream.result()) };
}

async function* endless(): AsyncGenerator<number> {
  await new Promise(() => undefined);
  yield 0;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const item of items) seen.push(item);
  return seen;
}

async function acceptStream(connection: RawConnection): Promise<string> {
  const { stream_id, plan_id } = await connection.take("StreamBegin");
  const credit = { bytes: 1_000, chunks: 1 };
  connection.send({ type: "StreamAccepted", stream_id, plan_id, attempt: 1, credit });
  return stream_id;
}

const STREAM_DONE: PlanResult = {
  status: "Success",
  output: { type: "Empty" },
  duration_ms: 1,
};

/** All ways in which what was asked for can end while the client goes on. */
const WAYS: Readonly<Record<string, (parts: Client) => Promise<void>>> = {
  "run() gives its output": async ({ pw, connection }) => {
    const output = pw.run(double, 1);
    const { plan: sent } = await connection.accept();
    connection.finish(sent.plan_id, done);
    expect(await output).toBe(2);
  },
  "run() gives its output after its connection was lost before it was accepted": async (parts) => {
    const output = parts.pw.run(double, 1);
    await parts.connection.take("Submit");
    parts.connection.cut();
    const next = await parts.coordinator.welcomed();
    const { plan: sent } = await next.accept();
    next.finish(sent.plan_id, done);
    expect(await output).toBe(2);
  },
  "run() is refused by the coordinator": async ({ pw, connection }) => {
    await Promise.all([
      isRefused(pw.run(double, 1), "PLAN_ID_CONFLICT"),
      refuse(connection, "Submit", conflict),
    ]);
  },
  "run() finds too many requests under way": async ({ pw, connection }) => {
    const first = isRefused(pw.explain("p"), "PLAN_UNKNOWN");
    await isRefused(pw.run(double, 1), "QUEUE_FULL");
    await Promise.all([first, refuse(connection, "Explain", unknown)]);
  },
  "submit() finds too many requests under way": async ({ pw, connection }) => {
    const first = isRefused(pw.explain("p"), "PLAN_UNKNOWN");
    await isRefused(pw.submit(double, 1), "QUEUE_FULL");
    await Promise.all([first, refuse(connection, "Explain", unknown)]);
  },
  "submit() finds too many requests under way, under the id of a run that goes on": async ({
    pw,
    connection,
  }) => {
    const [run] = await Promise.all([pw.submit(double, 1, { id: "p" }), connection.accept()]);
    const explaining = isRefused(run.explain(), "PLAN_UNKNOWN");
    await isRefused(pw.submit(double, 1, { id: "p" }), "QUEUE_FULL");
    await Promise.all([explaining, refuse(connection, "Explain", unknown)]);
    connection.finish("p", done);
    expect(await run.result()).toBe(2);
  },
  "submit() is refused by the coordinator": async ({ pw, connection }) => {
    await Promise.all([
      isRefused(pw.submit(double, 1), "PLAN_ID_CONFLICT"),
      refuse(connection, "Submit", conflict),
    ]);
  },
  "submit() is refused under the id of a run that goes on": async ({ pw, connection }) => {
    const [run] = await Promise.all([pw.submit(double, 1, { id: "p" }), connection.accept()]);
    await Promise.all([
      isRefused(pw.submit(double, 2, { id: "p" }), "PLAN_ID_CONFLICT"),
      refuse(connection, "Submit", conflict),
    ]);
    connection.finish("p", done);
    expect(await run.result()).toBe(2);
  },
  "submit() is refused under the id of a run whose events are read": async ({ pw, connection }) => {
    const getting = pw.get("p");
    const { request_id } = await connection.take("Get");
    const summary = { plan_id: "p", kind: "plan", submitted_at: 0, attempts: 1 } as const;
    const got = { summary: { ...summary, state: "Succeeded" }, outcome: done } as const;
    connection.send({ type: "Got", request_id, ...got });
    const events = (await getting).events()[Symbol.asyncIterator]();
    const first = events.next();
    await connection.answerWatch();
    connection.event("p", 1, { kind: "Accepted" });
    expect(await first).toMatchObject({ value: { type: "Accepted" } });
    await Promise.all([
      isRefused(pw.submit(double, 2, { id: "p" }), "PLAN_ID_CONFLICT"),
      refuse(connection, "Submit", conflict),
    ]);
    await events.return?.();
  },
  "submit() is answered by what nobody can read": async ({ pw, connection }) => {
    await Promise.all([
      isRefused(pw.submit(double, 1), "INVALID_MESSAGE"),
      answerBrokenly(connection, "Submit"),
    ]);
  },
  "submit() holds what can't travel": async ({ pw }) => {
    const data = (2n ** 70n) as unknown as number;
    const value = { type: "Json", data } as const;
    const submitting = pw.submit({ plan: "Empty", input: { source: "Inline", value } });
    await isRefused(submitting, "VALUE_UNSUPPORTED");
  },
  "submit() holds more than may travel at once": async ({ pw }) => {
    const echo = defineFilter("echo", (x: string) => x);
    await isRefused(pw.submit(echo, "x".repeat(20_000)), "MESSAGE_TOO_LARGE");
  },
  "submit() is given up before it is answered": async ({ pw, connection }) => {
    const abort = new AbortController();
    const submitting = pw.submit(double, 1, { signal: abort.signal });
    await connection.take("Submit");
    abort.abort();
    await isRefused(submitting, "CANCELLED");
    const { request_id } = await connection.take("Cancel");
    connection.send({ type: "Error", request_id, ...unknown });
  },
  "submit() was given up before": async ({ pw }) => {
    await isRefused(pw.submit(double, 1, { signal: AbortSignal.abort() }), "CANCELLED");
  },
  "a run is cancelled by its signal": async ({ pw, connection }) => {
    const abort = new AbortController();
    const submitting = pw.submit(double, 1, { signal: abort.signal });
    const { plan: sent } = await connection.accept();
    const run = await submitting;
    abort.abort();
    const { request_id } = await connection.take("Cancel");
    const plan_id = sent.plan_id;
    const state = "Cancelling";
    connection.send({ type: "CancelAnswer", request_id, plan_id, taken: true, state });
    const cancelled = { status: "Cancelled", by: "its signal", stopped: true } as const;
    connection.finish(plan_id, { ...cancelled, attempts: 1, duration_ms: 1 });
    await isRefused(run.result(), "CANCELLED");
  },
  "a run was accepted in a history that is gone": async ({ pw, connection, coordinator }) => {
    const [run] = await Promise.all([pw.submit(double, 1), connection.accept()]);
    coordinator.historyId = "history-2";
    connection.cut();
    await coordinator.welcomed();
    await isRefused(run.result(), "PLAN_UNKNOWN");
  },
  "a run has left its coordinator": async ({ pw, connection }) => {
    const [run] = await Promise.all([pw.submit(double, 1), connection.accept()]);
    connection.send({ type: "Error", plan_id: run.id, ...unknown });
    await isRefused(run.result(), "PLAN_UNKNOWN");
  },
  "a run that is followed ends": async (parts) => {
    const run = await followed(parts);
    await parts.connection.answerWatch();
    parts.connection.finish("p", done);
    expect(await run.result()).toBe(2);
  },
  "a run can't be followed": async (parts) => {
    const run = await followed(parts);
    await Promise.all([
      isRefused(run.result(), "PLAN_UNKNOWN"),
      refuse(parts.connection, "Watch", unknown),
    ]);
  },
  "whether a run can be followed nobody can read": async (parts) => {
    const run = await followed(parts);
    await Promise.all([
      isRefused(run.result(), "INVALID_MESSAGE"),
      answerBrokenly(parts.connection, "Watch"),
    ]);
  },
  "a run's events are read to the last one": async ({ pw, connection }) => {
    const [run] = await Promise.all([pw.submit(double, 1), connection.accept()]);
    const reading = collect(run.events());
    await connection.answerWatch();
    connection.finish(run.id, done);
    expect((await reading).map(({ type }) => type)).toEqual(["Finished"]);
  },
  "a run ends whose reader does not come back": async ({ pw, connection }) => {
    const [run] = await Promise.all([pw.submit(double, 1), connection.accept()]);
    const events = run.events()[Symbol.asyncIterator]();
    const first = events.next();
    await connection.answerWatch();
    connection.event(run.id, 1, { kind: "Accepted" });
    connection.finish(run.id, done);
    expect(await first).toMatchObject({ value: { type: "Accepted" } });
    expect(await run.result()).toBe(2);
  },
  "a stream comes to its end": async (parts) => {
    const { reading } = openStream(parts);
    const stream_id = await acceptStream(parts.connection);
    parts.connection.send({ type: "StreamComplete", stream_id, result: STREAM_DONE });
    expect(await reading).toBeUndefined();
  },
  "a stream is refused": async (parts) => {
    const { reading } = openStream(parts);
    const { stream_id } = await parts.connection.take("StreamBegin");
    parts.connection.send({ type: "Error", stream_id, ...conflict });
    expect(await reading).toMatchObject({ code: "PLAN_ID_CONFLICT" });
  },
  "a stream finds too many open": async (parts) => {
    const { reading } = openStream(parts);
    const stream_id = await acceptStream(parts.connection);
    await isRefused(parts.pw.stream(double, []).result(), "QUEUE_FULL");
    parts.connection.send({ type: "StreamComplete", stream_id, result: STREAM_DONE });
    expect(await reading).toBeUndefined();
  },
  "a stream is cancelled": async (parts) => {
    const { stream, reading } = openStream(parts);
    const stream_id = await acceptStream(parts.connection);
    const cancelling = stream.cancel();
    await parts.connection.take("StreamCancel");
    const result: PlanResult = { status: "Cancelled", duration_ms: 1 };
    parts.connection.send({ type: "StreamComplete", stream_id, result });
    await cancelling;
    expect(await reading).toMatchObject({ code: "CANCELLED" });
  },
  "a stream loses its connection": async (parts) => {
    const { reading } = openStream(parts);
    await acceptStream(parts.connection);
    parts.connection.cut();
    expect(await reading).toMatchObject({ code: "CONNECTION_LOST" });
  },
};

function entries({ driver }: Client): string[] {
  return Object.entries(driver.open).flatMap(([table, size]) => (size > 0 ? [table] : []));
}

test.each(Object.entries(WAYS))("nothing is kept when %s", async (_, end) => {
  const parts = await client();
  await end(parts);
  await expect.poll(() => entries(parts), { timeout: 10_000 }).toEqual([]);
});

test("nothing is kept by a client that is closed, whatever was under way", async () => {
  const parts = await client();
  const { pw, connection, driver } = parts;
  const [run] = await Promise.all([pw.submit(double, 1), connection.accept()]);
  const events = errorOf(collect(run.events()));
  await connection.take("Watch");
  const { reading } = openStream(parts);
  await acceptStream(connection);
  const submitted = errorOf(pw.explain("p"));
  expect(Object.values(driver.open)).not.toContain(0);
  await pw.close();
  const errors = await Promise.all([errorOf(run.result()), events, reading, submitted]);
  expect(errors).toMatchObject(errors.map(() => ({ code: "CLOSED" })));
  expect(entries(parts)).toEqual([]);
});

test("nothing is kept of what a closed client is asked for", async () => {
  const parts = await client();
  const { pw, connection } = parts;
  const [run] = await Promise.all([pw.submit(double, 1), connection.accept()]);
  await pw.close();
  await isRefused(run.result(), "CLOSED");
  await isRefused(pw.submit(double, 1), "CLOSED");
  await isRefused(pw.submit(double, 1, { signal: new AbortController().signal }), "CLOSED");
  await isRefused(pw.run(double, 1), "CLOSED");
  await isRefused(pw.get("p"), "CLOSED");
  await isRefused(run.explain(), "CLOSED");
  await isRefused(collect(run.events()), "CLOSED");
  await isRefused(pw.stream(double, []).result(), "CLOSED");
  expect(entries(parts)).toEqual([]);
});
