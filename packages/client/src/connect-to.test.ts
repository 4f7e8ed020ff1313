import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { defineFilter, plan } from "@planwire/plan";
import { isPlanwireError, SUBPROTOCOL } from "@planwire/protocol";
import { expect, onTestFinished, test } from "vitest";
import { connectTo } from "./connect-to.js";
import { connected, startRaw, succeeded } from "./testing/connected.js";
import { RawCoordinator } from "./testing/raw-coordinator.js";

const double = plan("double").pipe(defineFilter("double", (x: number) => 2 * x));

test("a plan is submitted and its result comes back", async () => {
  const { pw, connection } = await connected();
  const running = pw.run(double, 21);
  const submit = await connection.accept();
  expect(submit).toMatchObject({
    watch: true,
    only_outcome: true,
    plan: {
      plan: { Execute: { node_id: "double" } },
      input: { source: "Inline", value: { type: "Json", data: 21 } },
      metadata: { name: "double" },
    },
  });
  connection.finish(submit.plan.plan_id, succeeded(42));
  expect(await running).toBe(42);
});

test("speaks the subprotocol, and gives its token in a header", async () => {
  const { connection } = await connected({ token: "secret" });
  expect(connection.subprotocol).toBe(SUBPROTOCOL);
  expect(connection.headers["authorization"]).toBe("Bearer secret");
});

test("an http URL is taken as the WebSocket's", async () => {
  const coordinator = await startRaw();
  const url = coordinator.url.replace("ws:", "http:");
  const [pw] = await Promise.all([connectTo({ url }), coordinator.welcomed()]);
  await pw.close();
});

test.each(["nowhere", "ftp://127.0.0.1", ""])("%o is no address", async (url) => {
  await expect(connectTo({ url })).rejects.toMatchObject({ code: "BAD_USAGE" });
});

test("a coordinator that is not there is said to be unreachable, with what to try", async () => {
  const coordinator = await RawCoordinator.start();
  await coordinator.stop();
  const { port } = await portOfNobody();
  const connecting = connectTo({ url: `ws://127.0.0.1:${port}`, timeoutMs: 50 });
  await expect(connecting).rejects.toMatchObject({
    code: "COORDINATOR_UNREACHABLE",
    message: expect.stringMatching(/ECONNREFUSED.*ws:\/\/127\.0\.0\.1/),
    hint: expect.stringContaining("npx planwire dev"),
  });
});

/** A port that was free a moment ago. */
async function portOfNobody(): Promise<{ port: number }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return { port };
}

test("a coordinator that refuses the token says so at once", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  server.on("upgrade", (_request, socket) => {
    socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await expect(connectTo({ url: `ws://127.0.0.1:${port}` })).rejects.toMatchObject({
    code: "UNAUTHORIZED",
  });
});

test("connecting can be given up", async () => {
  const coordinator = await startRaw();
  const abort = new AbortController();
  const connecting = connectTo({ url: coordinator.url, signal: abort.signal });
  const connection = await coordinator.connection();
  abort.abort(new Error("enough"));
  await expect(connecting).rejects.toThrow("enough");
  await connection.closed;
});

test("after the connection was lost, what was submitted goes on over the next one", async () => {
  const { coordinator, pw, connection } = await connected();
  const first = pw.run(double, 1);
  const submit = await connection.accept();
  connection.cut();
  const second = pw.run(double, 2);
  const next = await coordinator.welcomed();
  const again = await next.accept();
  const watch = await next.take("Watch");
  expect(watch).toMatchObject({ plan_id: submit.plan.plan_id, only_outcome: true });
  next.finish(again.plan.plan_id, succeeded(4));
  next.finish(submit.plan.plan_id, succeeded(2));
  expect(await Promise.all([first, second])).toEqual([2, 4]);
});

test("what was accepted in a history that is gone fails with PLAN_UNKNOWN", async () => {
  const { coordinator, pw, connection } = await connected();
  const running = pw.run(double, 1);
  await connection.accept();
  coordinator.historyId = "history-2";
  connection.cut();
  await coordinator.welcomed();
  await expect(running).rejects.toMatchObject({ code: "PLAN_UNKNOWN" });
});

test("submissions of one tick leave together", async () => {
  const { pw, connection } = await connected();
  const runs = [1, 2, 3].map((x) => pw.submit(double, x));
  await connection.accept();
  expect(connection.untaken).toEqual(["Submit", "Submit"]);
  await connection.accept();
  await connection.accept();
  await Promise.all(runs);
});

test("close() settles whatever waits with CLOSED, and says so from then on", async () => {
  const { pw, connection } = await connected();
  const run = await Promise.all([pw.submit(double, 1), connection.accept()]).then(([r]) => r);
  const results = Promise.allSettled([run.result(), run.settled(), pw.workers()]);
  await pw.close();
  for (const result of await results) {
    expect(result).toMatchObject({ status: "rejected", reason: { code: "CLOSED" } });
  }
  await expect(pw.run(double, 1)).rejects.toMatchObject({ code: "CLOSED" });
  await connection.closed;
  await pw.close();
});

test("a message that is larger than the coordinator takes fails alone", async () => {
  const { pw, connection, coordinator } = await connected();
  coordinator.limits = { frame_bytes: 10_000, chunk_bytes: 1_000 };
  connection.cut();
  const next = await coordinator.welcomed();
  const text = defineFilter("text", (x: string) => x);
  await expect(pw.run(text, "ä".repeat(6_000))).rejects.toMatchObject({
    code: "MESSAGE_TOO_LARGE",
    details: { limit: 10_000 },
  });
  const run = pw.submit(text, "ä");
  await next.accept();
  await run;
});

test("what the coordinator writes wrongly is answered by an error", async () => {
  const { connection } = await connected();
  connection.sendRaw("{broken");
  expect(await connection.take("Error")).toMatchObject({ code: "INVALID_MESSAGE" });
});

test("a worker that is not well is listed with what is wrong", async () => {
  const { pw, connection } = await connected();
  const workers = pw.workers();
  const { request_id } = await connection.take("ListWorkers");
  connection.send({
    type: "Workers",
    request_id,
    workers: [
      {
        worker_id: "w1",
        state: "stopped",
        slots: 2,
        active_plans: 1,
        active_streams: 0,
        filters: [],
        tags: [],
        inherited: false,
        cpu_cores: 2,
        heartbeat_age_ms: 7,
        health: "lost",
        health_ms: 4000,
        health_reason: "lost its connection 4 s ago; its lease ends in 26 s",
        other_slots: 1,
      },
    ],
  });
  expect(await workers).toMatchObject([
    { health: "lost", healthMs: 4000, healthReason: expect.any(String), otherSlots: 1 },
  ]);
});

test("drain sends a worker away, and says what it has to finish", async () => {
  const { pw, connection } = await connected();
  const drained = pw.drain("w1", "new driver");
  const { request_id, ...asked } = await connection.take("Drain");
  expect(asked).toEqual({ type: "Drain", worker_id: "w1", reason: "new driver" });
  const answer = { worker_id: "w1", active_plans: 2, active_streams: 1 };
  connection.send({ type: "Draining", request_id, ...answer });
  expect(await drained).toEqual({ activePlans: 2, activeStreams: 1 });
});

test("workers and plans are listed in the words of TypeScript", async () => {
  const { pw, connection } = await connected();
  const workers = pw.workers();
  const listWorkers = await connection.take("ListWorkers");
  connection.send({
    type: "Workers",
    request_id: listWorkers.request_id,
    workers: [
      {
        worker_id: "w1",
        state: "ready",
        slots: 2,
        active_plans: 1,
        active_streams: 0,
        filters: [{ name: "f", kind: "Stateless", stream_mode: "FixedState" }],
        tags: [],
        inherited: false,
        cpu_cores: 2,
        heartbeat_age_ms: 7,
        calls: [{ isolate: "thread", in_flight: 1, completed: 2, errored: 3 }],
      },
    ],
  });
  expect(await workers).toEqual([
    {
      id: "w1",
      state: "ready",
      slots: 2,
      activePlans: 1,
      activeStreams: 0,
      filters: [{ name: "f", kind: "Stateless", stream_mode: "FixedState" }],
      tags: [],
      inherited: false,
      cpuCores: 2,
      heartbeatAgeMs: 7,
      health: "ok", // an older coordinator says nothing of it
      otherSlots: 0,
      calls: [{ isolate: "thread", inFlight: 1, completed: 2, errored: 3 }],
    },
  ]);
  const plans = pw.plans({ state: "Failed", before: "p9" });
  const listPlans = await connection.take("ListPlans");
  expect(listPlans).toMatchObject({ limit: 100, state: "Failed", before: "p9" });
  connection.send({
    type: "Plans",
    request_id: listPlans.request_id,
    total: 8,
    plans: [
      {
        plan_id: "p1",
        kind: "plan",
        state: "Failed",
        submitted_at: 5,
        attempts: 3,
        error_code: "WORKER_LOST",
      },
    ],
  });
  expect(await plans).toEqual({
    total: 8,
    plans: [
      {
        id: "p1",
        kind: "plan",
        state: "Failed",
        submittedAt: 5,
        attempts: 3,
        errorCode: "WORKER_LOST",
      },
    ],
  });
});

test("an error is Planwire's own, known by its code", async () => {
  const { pw, connection } = await connected();
  const running = pw.run(double, 1).catch((error: unknown) => error);
  const { request_id } = await connection.take("Submit");
  connection.send({
    type: "Error",
    request_id,
    code: "QUEUE_FULL",
    message: "full",
    retryable: true,
    details: { limit: 5, queued: 5 },
  });
  const error = await running;
  if (!isPlanwireError(error, "QUEUE_FULL")) throw error;
  expect(error).toMatchObject({ retryable: true, details: { limit: 5, queued: 5 } });
});
