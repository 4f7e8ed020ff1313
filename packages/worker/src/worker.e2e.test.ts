import { defineFilter, definitionOf, type FilterDefinition } from "@planwire/plan";
import type { ExecutionPlan, SerializedPlan, Value } from "@planwire/protocol";
import {
  startWorker,
  type Worker,
  type WorkerLifeEvent,
  type WorkerOptions,
} from "@planwire/worker";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeCoordinator } from "./testing/fake-coordinator.js";

const filters = (name: string) => new URL(`./testing/filters/${name}`, import.meta.url);

let coordinator: FakeCoordinator;
let workers: Worker[];
let events: WorkerLifeEvent[];

beforeEach(async () => {
  coordinator = await FakeCoordinator.start();
  workers = [];
  events = [];
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.close()));
  await coordinator.close();
});

async function start(options: Partial<WorkerOptions> = {}): Promise<Worker> {
  const onEvent = (event: WorkerLifeEvent) => events.push(event);
  const worker = await startWorker({ url: coordinator.url, onEvent, graceMs: 100, ...options });
  workers.push(worker);
  return worker;
}

function definition(filter: unknown): FilterDefinition {
  const found = definitionOf(filter);
  if (found === undefined) throw new Error("no filter");
  return found;
}

const json = (data: unknown): Value => ({
  type: "Json",
  data: data as never,
});

function execute(nodeId: string, input: Value, id = "p1"): SerializedPlan {
  return plan({ Execute: { node_id: nodeId } }, input, id);
}

function plan(tree: ExecutionPlan, input: Value, id = "p1"): SerializedPlan {
  return { plan_id: id, plan: tree, input: { source: "Inline", value: input }, metadata: {} };
}

describe("registration", () => {
  test("tells what the worker is and offers", async () => {
    await start({ id: "w1", filters: [filters("basic.ts")], tags: ["gpu-box"], slots: 3 });
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
});

describe("running filters", () => {
  test("a filter of a TypeScript module runs in a thread, an inline one on the main thread", async () => {
    await start({ filters: [filters("basic.ts")] });
    const session = await coordinator.worker();
    session.sendBatch(
      { type: "AssignPlan", plan: execute("where", json(1), "a"), attempt: 1 },
      { type: "AssignPlan", plan: execute("where-inline", json(1), "b"), attempt: 1 },
    );
    const [inThread, inline] = await Promise.all([session.result("a"), session.result("b")]);
    expect(inThread.result).toMatchObject({ status: "Success" });
    const threadOf = ({ result }: typeof inThread) =>
      result.status === "Success" && result.output.type === "Json" && result.output.data;
    expect(threadOf(inline)).toEqual({ thread: 0, pid: process.pid });
    expect(threadOf(inThread)).not.toEqual(threadOf(inline));
    await session.next("Started", ({ plan_id }) => plan_id === "a");
  });

  test("filters that the program holds itself run on the main thread", async () => {
    const seen: unknown[] = [];
    const note = defineFilter("note", (x: string) => {
      seen.push(x);
      return x.toUpperCase();
    });
    await start({ inline: [definition(note)] });
    const session = await coordinator.worker();
    session.send({
      type: "AssignPlan",
      plan: execute("note", { type: "Text", data: "hi" }),
      attempt: 1,
    });
    const { result } = await session.result("p1");
    expect(result).toMatchObject({ status: "Success", output: { type: "Text", data: "HI" } });
    expect(seen).toEqual(["hi"]);
  });
});
