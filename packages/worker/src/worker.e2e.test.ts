import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineFilter } from "@planwire/plan";
import { isPlanwireError, shapePlan, type PlanResult, type Value } from "@planwire/protocol";
import {
  startWorker,
  type Worker,
  type WorkerLifeEvent,
  type WorkerOptions,
} from "@planwire/worker";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeCoordinator, type FakeSession } from "./testing/fake-coordinator.js";
import {
  definitionIn,
  executePlan,
  filterModule,
  json,
  planOf,
  text,
} from "./testing/worker-setup.js";

let coordinator: FakeCoordinator;
let folder: string;
let workers: Worker[];
let events: WorkerLifeEvent[];

beforeEach(async () => {
  coordinator = await FakeCoordinator.start();
  folder = mkdtempSync(join(tmpdir(), "planwire-worker-"));
  workers = [];
  events = [];
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.close()));
  await coordinator.close();
  rmSync(folder, { recursive: true });
});

async function start(options: Partial<WorkerOptions> = {}): Promise<Worker> {
  const onEvent = (event: WorkerLifeEvent) => events.push(event);
  const url = options.url ?? coordinator.url;
  const worker = await startWorker({ onEvent, graceMs: 100, ...options, url });
  workers.push(worker);
  return worker;
}

function assign(session: FakeSession, filter: string, input: Value, id = "p1"): void {
  session.send({ type: "AssignPlan", plan: executePlan(filter, input, id), attempt: 1 });
}

async function run(session: FakeSession, filter: string, input: Value): Promise<PlanResult> {
  assign(session, filter, input);
  return (await session.result("p1")).result;
}

async function started(session: FakeSession, id = "p1"): Promise<void> {
  await session.next(
    "Started",
    ({ plan_id, also = [] }) => plan_id === id || also.some(([other]) => other === id),
  );
}

/** A file that does not exist yet, and what makes it. */
function gate(): { file: Value; open: () => void } {
  const path = join(folder, "gate");
  return { file: text(path), open: () => writeFileSync(path, "") };
}

describe("registration", () => {
  test("tells what the worker is and offers", async () => {
    await start({ id: "w1", filters: [filterModule("basic.ts")], tags: ["gpu-box"], slots: 3 });
    const session = await coordinator.session();
    const register = await session.register();
    expect(register).toMatchObject({
      worker_id: "w1",
      max_concurrent: 3,
      status: "ready",
      implementation: "planwire",
      resume: [],
    });
    expect(register.capabilities.cpu_cores).toBeGreaterThan(0);
    expect(register.capabilities.tags).toEqual(["gpu-box"]);
    expect(register.filters).toContainEqual({
      name: "center",
      kind: "Trainable",
      stream_mode: "FixedState",
    });
  });

  test("a token that is missing or wrong is told, and tried again", async () => {
    coordinator.refuseWith = 401;
    await start();
    await expect
      .poll(() => events)
      .toContainEqual(expect.objectContaining({ code: "UNAUTHORIZED" }));
    coordinator.refuseWith = undefined;
    await coordinator.worker();
    expect(events.filter(({ type }) => type === "refused")).toHaveLength(1);
  });

  test("a worker whose coordinator is away connects when it comes", async () => {
    const { port, url } = coordinator;
    await coordinator.close();
    await start({ id: "early", url });
    await expect.poll(() => events.map(({ type }) => type)).toContain("lost");
    coordinator = await FakeCoordinator.start(port);
    const session = await coordinator.session();
    expect((await session.register()).worker_id).toBe("early");
  });

  test("an offer resolves when the coordinator knows its filters", async () => {
    const worker = await start();
    const session = await coordinator.worker();
    session.acknowledges = false;
    let known = false;
    const filter = defineFilter("late", (x: string) => x);
    const offered = worker.offer([definitionIn(filter)]).then(() => (known = true));
    await session.next("Register", ({ filters }) => filters?.[0]?.name === "late");
    await session.next("Heartbeat");
    expect(known).toBe(false);
    session.acknowledge();
    await offered;
    expect(await run(session, "late", text("hi"))).toMatchObject({ output: text("hi") });
  });
});

describe("loading filters", () => {
  test("a module that throws is FILTER_LOAD_FAILED, with its own line as the cause", async () => {
    const error: unknown = await start({ filters: [filterModule("throws-on-load.ts")] }).catch(
      (thrown: unknown) => thrown,
    );
    if (!isPlanwireError(error, "FILTER_LOAD_FAILED")) throw error;
    expect(error.details.file).toMatch(/throws-on-load\.ts$/);
    expect(error.message).toContain("no configuration found");
    expect((error.cause as Error).stack).toContain("throws-on-load.ts:10");
    expect(events).toContainEqual(expect.objectContaining({ type: "filterLoadFailed" }));
  });

  test.each([
    ["without-filters.mjs", "no filter is exported, only answer"],
    ["missing.ts", "there is no such file"],
    ["basic.json", "no TypeScript or JavaScript module"],
  ])("%s is refused with its reason", async (name, reason) => {
    await expect(start({ filters: [filterModule(name)] })).rejects.toThrow(reason);
  });

  test("the same name in two modules is refused", async () => {
    const file = join(folder, "again.mjs");
    const plan = import.meta.resolve("@planwire/plan");
    writeFileSync(
      file,
      `import { defineFilter } from ${JSON.stringify(plan)};
       export const again = defineFilter("double", (x) => x);`,
    );
    const both = start({ filters: [filterModule("basic.ts"), file] });
    await expect(both).rejects.toThrow('a filter named "double" is defined in');
  });
});

describe("running filters", () => {
  test("a thread filter runs in a thread, an inline one on the main thread, a process one elsewhere", async () => {
    await start({ filters: [filterModule("basic.ts")] });
    const session = await coordinator.worker();
    session.sendBatch(
      { type: "AssignPlan", plan: executePlan("where", json(1), "a"), attempt: 1 },
      { type: "AssignPlan", plan: executePlan("where-inline", json(1), "b"), attempt: 1 },
      { type: "AssignPlan", plan: executePlan("double-process", json(4), "c"), attempt: 1 },
    );
    const outputOf = async (id: string) => {
      const { result } = await session.result(id);
      return result.status === "Success" && result.output.type === "Json" && result.output.data;
    };
    const [inThread, inline, inProcess] = await Promise.all(["a", "b", "c"].map(outputOf));
    expect(inline).toEqual({ thread: 0, pid: process.pid });
    expect(inThread).toMatchObject({ pid: process.pid });
    expect(inThread).not.toEqual(inline);
    expect(inProcess).toMatchObject({ doubled: 8 });
    expect(inProcess).not.toMatchObject({ pid: process.pid });
  });

  test.each(["takes", "takes-inline"])(
    "a filter (%s) may change its params: they are its own, also where plans share theirs by their shape",
    async (uses) => {
      await start({ filters: [filterModule("basic.ts")] });
      const session = await coordinator.worker();
      const bindings = [{ node_id: "n", uses, params: { left: ["a", "b", "c"] } }];
      const fixed = { plan: { Execute: { node_id: "n" } }, metadata: {}, bindings };
      shapePlan(fixed);
      for (const id of ["p1", "p2", "p3"]) {
        session.send({ type: "AssignPlan", plan: { plan_id: id, ...fixed }, attempt: 1 });
        expect((await session.result(id)).result).toMatchObject({ output: json(2) });
      }
    },
  );

  test("bytes travel as bytes", async () => {
    await start({ filters: [filterModule("basic.ts")] });
    const session = await coordinator.worker();
    const result = await run(session, "bytes", { type: "Bytes", data: Uint8Array.of(1, 2) });
    expect(result).toMatchObject({ output: { type: "Bytes", data: Uint8Array.of(2, 3) } });
  });

  test.each(["proxy", "proxy-inline"])(
    "an output that can't be cloned (%s) is VALUE_UNSUPPORTED, and harms no other call",
    async (filter) => {
      await start({ filters: [filterModule("basic.ts")] });
      const session = await coordinator.worker();
      session.sendBatch(
        { type: "AssignPlan", plan: executePlan(filter, json(1), "bad"), attempt: 1 },
        { type: "AssignPlan", plan: executePlan("double-inline", json(1), "good"), attempt: 1 },
      );
      expect((await session.result("bad")).result).toMatchObject({ code: "VALUE_UNSUPPORTED" });
      expect((await session.result("good")).result).toMatchObject({ output: json(2) });
    },
  );

  test("Fit fits with the labels, forwards, and gives the states", async () => {
    await start({ filters: [filterModule("basic.ts")] });
    const session = await coordinator.worker();
    const plan = planOf({ Sequence: [{ Execute: { node_id: "center" } }] }, json([1, 2, 3]));
    session.send({
      type: "AssignPlan",
      plan: { ...plan, mode: { Fit: { y: json(1) } } },
      attempt: 1,
    });
    expect((await session.result("p1")).result).toMatchObject({
      status: "Success",
      output: json([-2, -1, 0]),
      states: { center: json({ mean: 3 }) },
    });
  });

  test("a thrown error is the filter's, with its stack in its TypeScript lines", async () => {
    await start({ filters: [filterModule("basic.ts")] });
    const session = await coordinator.worker();
    const result = await run(session, "fails", json({ deep: 3 }));
    expect(result).toMatchObject({
      status: "Failed",
      code: "FILTER_ERROR",
      retryable: false,
      node_id: "fails",
      cause: { name: "RangeError", message: "too deep: 3" },
    });
    const stack = (result.status === "Failed" && result.cause?.stack) || "";
    const source = readFileSync(filterModule("basic.ts"), "utf8").split("\n");
    const line = 1 + source.findIndex((code) => code.includes("new RangeError"));
    expect(stack).toContain(`basic.ts:${line}:`);
    expect(stack).not.toMatch(/callPlanwireFilter|define-filter/);
  });

  test("lines that a filter logs become events, up to a bound that is told", async () => {
    await start({ filters: [filterModule("basic.ts")] });
    const session = await coordinator.worker();
    assign(session, "logs", json(1500));
    const { events: last = [] } = await session.result("p1");
    const told = session.received.flatMap((message) =>
      message.type === "Event" ? [message.event] : [],
    );
    const logged = [...told, ...last].filter(({ event_type }) => event_type === "Log");
    expect(logged).toHaveLength(1001);
    expect(logged[0]).toMatchObject({ message: "line 0", fields: { i: 0 } });
    expect(logged.at(-1)).toMatchObject({ message: expect.stringContaining("dropped") });
  });
});

describe("stopping", () => {
  test.each([
    ["obedient", "signal", true],
    ["stubborn", "killed", true],
    ["stubborn-process", "killed", true],
    ["stubborn-inline", "abandoned", false],
  ])("a cancelled %s ends by %s", async (filter, how, stopped) => {
    await start({ filters: [filterModule("stuck.ts")] });
    const session = await coordinator.worker();
    assign(session, filter, json(1));
    await session.next("Event", ({ event }) => event.event_type === "Log");
    session.send({ type: "CancelPlan", plan_id: "p1", attempt: 1 });
    expect((await session.result("p1")).result).toMatchObject({
      status: "Cancelled",
      how,
      stopped,
    });
  });

  test("a filter that takes too long is FILTER_TIMEOUT, and its thread does not stay", async () => {
    await start({ filters: [filterModule("stuck.ts")], threads: 1 });
    const session = await coordinator.worker();
    const result = await run(session, "limited", json(1));
    expect(result).toMatchObject({ status: "Failed", code: "FILTER_TIMEOUT", retryable: true });
    expect(await run(session, "obliging", json(1))).toMatchObject({ status: "Success" });
  });

  test.each([
    ["dies", text("exit")],
    ["dies", text("throw")],
    ["process-dies", json(1)],
  ])("a dead isolate (%s %o) is WORKER_CRASH of its call alone", async (filter, input) => {
    await start({ filters: [filterModule("stuck.ts")], slots: 2, threads: 2 });
    const session = await coordinator.worker();
    const { file, open } = gate();
    assign(session, "blocks", file, "neighbour");
    await started(session, "neighbour");
    expect(await run(session, filter, input)).toMatchObject({
      status: "Failed",
      code: "WORKER_CRASH",
      retryable: true,
    });
    open();
    expect((await session.result("neighbour")).result).toMatchObject({ output: text("released") });
    // The pool has replaced it.
    expect(await run(session, "obliging", json(1))).toMatchObject({ status: "Success" });
  });
});

describe("calls ahead", () => {
  const IDS = Array.from({ length: 40 }, (_, index) => `short-${index}`);

  /** Two busy threads and many short calls; one that is not comes early, so that a thread has others ahead behind it. */
  async function among(filter: string, input: Value): Promise<FakeSession> {
    await start({ filters: [filterModule("stuck.ts")], slots: 64, threads: 2 });
    const session = await coordinator.worker();
    const { file, open } = gate();
    for (const id of ["a", "b"]) assign(session, "blocks", file, id);
    // Both threads have loaded.
    for (const id of ["a", "b"]) await started(session, id);
    open();
    for (const id of ["a", "b"]) await session.result(id);
    const plans = IDS.map((id) => executePlan("obliging", text(id), id));
    plans.splice(5, 0, executePlan(filter, input, "odd"));
    session.sendBatch(...plans.map((plan) => ({ type: "AssignPlan" as const, plan, attempt: 1 })));
    return session;
  }

  async function expectAllShortSucceed(session: FakeSession): Promise<void> {
    for (const id of IDS) {
      expect((await session.result(id)).result).toMatchObject({ output: text(id) });
    }
  }

  test("do not wait for the long call that they were given behind", async () => {
    const path = join(folder, "opens-last");
    const session = await among("blocks", text(path));
    await expectAllShortSucceed(session);
    writeFileSync(path, "");
    expect((await session.result("odd")).result).toMatchObject({ output: text("released") });
  });

  test.each([
    ["limited", "FILTER_TIMEOUT", json(1)],
    ["dies", "WORKER_CRASH", text("exit")],
    ["dies", "WORKER_CRASH", text("throw")],
  ])("outlive the one before them (%s), which alone is %s", async (filter, code, input) => {
    const session = await among(filter, input);
    await expectAllShortSucceed(session);
    expect((await session.result("odd")).result).toMatchObject({ status: "Failed", code });
  });
});

describe("heartbeats", () => {
  test("go on while a filter blocks its thread", async () => {
    coordinator.registered = { heartbeat_interval_ms: 20 };
    await start({ filters: [filterModule("stuck.ts")], slots: 1 });
    const session = await coordinator.worker();
    const { file, open } = gate();
    assign(session, "blocks", file);
    await started(session);
    for (let beats = 0; beats < 5; beats++) {
      const beat = await session.next("Heartbeat", ({ held }) => held?.length === 1);
      expect(beat).toMatchObject({ status: "busy", held: [{ plan_id: "p1", state: "running" }] });
    }
    open();
    await session.result("p1");
  });

  test("go on while a filter blocks the main thread", async () => {
    coordinator.registered = { heartbeat_interval_ms: 20 };
    const script = fileURLToPath(new URL("./testing/worker-process.mjs", import.meta.url));
    const module = fileURLToPath(filterModule("stuck.ts"));
    const child = spawn(process.execPath, [script, coordinator.url, module], { stdio: "inherit" });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    try {
      const session = await coordinator.worker();
      const { file, open } = gate();
      assign(session, "blocks-inline", file);
      await started(session);
      for (let beats = 0; beats < 5; beats++) {
        await session.next("Heartbeat", ({ held }) => held?.[0]?.state === "running");
      }
      await session.next("Heartbeat", ({ main_blocked_ms = 0 }) => main_blocked_ms >= 1_000);
      open();
      expect((await session.result("p1")).result).toMatchObject({ output: text("released") });
      await session.next("Heartbeat", ({ main_blocked_ms }) => main_blocked_ms === undefined);
      child.kill("SIGTERM");
      expect(await exited).toBe(0);
    } finally {
      child.kill("SIGKILL");
    }
  });
});

describe("a lost connection", () => {
  test("keeps what runs and what is finished, and delivers it again until it is acknowledged", async () => {
    await start({ filters: [filterModule("basic.ts"), filterModule("stuck.ts")], slots: 2 });
    const first = await coordinator.worker();
    const { file, open } = gate();
    assign(first, "blocks", file, "runs");
    await started(first, "runs");
    assign(first, "double", json(2), "finished");
    await first.next("PlanResult");
    first.socket.terminate();

    const second = await coordinator.session();
    const register = await second.register();
    expect(register.resume).toEqual([
      { plan_id: "runs", attempt: 1, state: "running" },
      { plan_id: "finished", attempt: 1, state: "finished" },
    ]);
    expect((await second.result("finished")).result).toMatchObject({ output: json(4) });
    open();
    expect((await second.result("runs")).result).toMatchObject({ output: text("released") });
    second.socket.terminate();

    const third = await coordinator.session();
    expect((await third.register()).resume).toEqual([]);
  });

  test("to a coordinator of another history drops what it held", async () => {
    await start({ filters: [filterModule("stuck.ts")] });
    const first = await coordinator.worker();
    assign(first, "obedient", json(1));
    await started(first);
    first.socket.terminate();
    coordinator.registered = { history_id: "h2", heartbeat_interval_ms: 20 };
    const second = await coordinator.worker();
    await second.next("Heartbeat", ({ held, status }) => held?.length === 0 && status === "ready");
    expect(second.received.filter(({ type }) => type === "PlanResult")).toEqual([]);
  });
});

describe("draining", () => {
  test("takes nothing new, finishes, delivers, then leaves", async () => {
    const worker = await start({ filters: [filterModule("stuck.ts")], slots: 1 });
    const session = await coordinator.worker();
    const { file, open } = gate();
    assign(session, "blocks", file, "runs");
    await started(session, "runs");
    assign(session, "blocks", file, "waits");
    session.send({ type: "Shutdown", reason: "maintenance" });
    await session.next("ShutdownAck");
    await session.next("Recalled", ({ plan_id }) => plan_id === "waits");
    await session.next("Register", ({ status }) => status === "draining");
    assign(session, "blocks", file, "late");
    await session.next("Busy", ({ plan_id }) => plan_id === "late");
    open();
    await session.next("PlanResult");
    session.send({ type: "ResultAck", id: "runs", attempt: 1, taken: true });
    expect(await session.closed).toMatchObject({ code: 1000 });
    await worker.done;
    expect(events.map(({ type }) => type).slice(-2)).toEqual(["draining", "drained"]);
  });
});

describe("streams", () => {
  const begin = (filter: string) => ({
    type: "StreamBegin" as const,
    stream_id: "s1",
    plan_id: "p1",
    attempt: 1,
    credit: { bytes: 1 << 20, chunks: 4 },
    plan: { plan_id: "p1", plan: { Execute: { node_id: filter } }, metadata: {} },
  });
  const chunk = (index: number) => ({
    type: "ChunkData" as const,
    stream_id: "s1",
    chunk_index: index,
    value: json(index),
  });

  test("results come in order and within the credit that was given", async () => {
    await start({ filters: [filterModule("basic.ts")], slots: 2 });
    const session = await coordinator.worker();
    session.send(begin("double"));
    const { credit } = await session.next("StreamAccepted");
    expect(credit.chunks).toBeGreaterThan(6);
    for (let i = 0; i < 6; i++) session.send(chunk(i));
    session.send({ type: "StreamEnd", stream_id: "s1" });
    for (let i = 0; i < 4; i++) {
      const result = await session.next("ChunkResult");
      expect(result).toMatchObject({ chunk_index: i, value: json(i * 2) });
    }
    expect(session.received.filter(({ type }) => type === "ChunkResult")).toEqual([]);
    session.send({ type: "StreamCredit", stream_id: "s1", dir: "out", bytes: 1 << 20, chunks: 6 });
    for (let i = 4; i < 6; i++) {
      expect(await session.next("ChunkResult")).toMatchObject({ chunk_index: i });
    }
    expect((await session.next("StreamComplete")).result).toMatchObject({ status: "Success" });
  });

  test("a cancelled stream stops its chunks and says so", async () => {
    await start({ filters: [filterModule("stuck.ts")] });
    const session = await coordinator.worker();
    session.send(begin("stubborn"), chunk(0));
    await session.next("StreamAccepted");
    session.send({ type: "StreamCancel", stream_id: "s1" });
    expect((await session.next("StreamComplete")).result).toMatchObject({
      status: "Cancelled",
      stopped: true,
    });
  });
});
