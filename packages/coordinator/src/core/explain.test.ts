import { expect, it } from "vitest";
import {
  capabilities,
  CoordinatorDriver,
  execute,
  planOf,
  resultMessage,
  success,
} from "../testing/coordinator-driver.js";

type Conn = ReturnType<CoordinatorDriver["connect"]>;

function reasons(driver: CoordinatorDriver, client: Conn, plan_id = "p"): string[] {
  driver.receive(client, { type: "Explain", request_id: 1, plan_id });
  return driver.take(client, "Explained").reasons;
}
const explain = (driver: CoordinatorDriver, client: Conn, plan_id = "p") =>
  reasons(driver, client, plan_id).join("; ");
const uses = (id: string, ...names: string[]) =>
  planOf(id, {
    plan: { Sequence: names.map((_, i) => execute(`n${i}`)) },
    bindings: names.map((name, i) => ({ node_id: `n${i}`, uses: name })),
  });

it("what waits for a worker says what nobody offers, and what the closest worker lacks", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.submit(client, uses("p", "f", "g@2", "h"));
  expect(explain(driver, client)).toBe("it waits: no worker is connected");
  driver.worker("far", ["x"]);
  driver.worker("near", ["f", "h"]);
  expect(explain(driver, client)).toBe(
    'it waits: no connected worker offers g@2; the closest, worker "near", lacks filter "g@2"',
  );
});

it("a filter that the closest worker has in another version is said so", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.submit(client, uses("p", "g@2"));
  const filters = [
    { name: "g", version: "1", kind: "Stateless" as const, stream_mode: "FixedState" as const },
  ];
  driver.worker("old", [], { filters });
  expect(explain(driver, client)).toMatch(/lacks filter "g@2" \(its version is 1\)/);
});

it("a worker that would do if it came back is named, with its lease", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("a"));
  driver.submit(client, planOf("b"));
  driver.disconnect(worker);
  driver.passTime(3_000);
  expect(explain(driver, client, "b")).toBe(
    'it waits: no worker is connected; worker "w" lost its connection 3 s ago; its lease ends in 27 s',
  );
});

it("a tag, or an id, that the plan asks for and no worker has", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.worker("w", ["f"], { capabilities: { ...capabilities, tags: ["cpu"] } });
  const at = (target: { WorkerId: string } | { Tag: string }) =>
    planOf("p", { plan: { Remote: { node_id: "r", target, plan: execute("f") } } });
  driver.submit(client, at({ Tag: "gpu" }));
  expect(explain(driver, client)).toMatch(/the closest, worker "w", lacks the tag "gpu"/);
  driver.submit(client, { ...at({ WorkerId: "gone" }), plan_id: "q" });
  expect(explain(driver, client, "q")).toMatch(/no connected worker has the id "gone"/);
});

it("what waits for a slot says what runs there, and how many parts came earlier", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.worker("w");
  for (const id of ["a", "b", "c", "d"]) driver.submit(client, planOf(id));
  expect(explain(driver, client, "b")).toMatch(
    /the slot of worker "w", which alone fits, is taken by "a", 0 parts/,
  );
  expect(explain(driver, client, "d")).toMatch(/taken by "a", 2 parts are ahead/);
});

it("parts that other workers take are not ahead", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.worker("w", ["f"]);
  driver.worker("x", ["g"]);
  for (const id of ["a", "b", "c"]) driver.submit(client, uses(id, "g"));
  driver.submit(client, planOf("d"));
  driver.submit(client, planOf("e"));
  expect(explain(driver, client, "e")).toMatch(/taken by "d", 0 parts are ahead/);
});

it("what is told costs no walk through a long queue", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  driver.worker("w");
  const { state } = driver.core;
  driver.submit(client, planOf("first"));
  driver.submit(client, planOf("second"));
  const [lane] = state.lanes.values();
  const part = state.executions.get("second")?.parts.get("second");
  if (!lane || !part) throw new Error("it is not queued");
  let looked = 0;
  const many = function* () {
    for (let order = 0; order < 1_000_000; order++) {
      looked += 1;
      yield { ...part, order: part.order - 1 };
    }
  };
  Object.defineProperty(lane.queue, Symbol.iterator, { value: many });
  driver.core.step(
    {
      type: "received",
      conn: client,
      message: { type: "Explain", request_id: 9, plan_id: "second" },
      isError: false,
      bytes: 1,
    },
    { mono: driver.mono, wall: 0 },
  );
  expect(looked).toBeLessThan(20_000);
});

it("a plan of many parts says what the first of them do, and counts the others", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const nodes = Array.from({ length: 30 }, (_, i) => `n${i}`);
  const bindings = nodes.map((node_id) => ({ node_id, uses: "f" }));
  const there = (node_id: string, index: number) => ({
    Remote: { node_id: `r${index}`, target: { WorkerId: `w${index}` }, plan: execute(node_id) },
  });
  driver.submit(client, planOf("p", { plan: { Parallel: nodes.map(there) }, bindings }));
  const told = reasons(driver, client);
  expect(told).toHaveLength(21);
  expect(told.at(-1)).toBe("and 10 more parts: 0 with workers, 10 wait");
});

it("what runs says where, and since when its worker is silent", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"));
  expect(explain(driver, client)).toBe('it waits to start on worker "w", attempt 1');
  driver.receive(worker, { type: "Started", plan_id: "p", attempt: 1 });
  expect(explain(driver, client)).toBe('it runs on worker "w", attempt 1');
  driver.receive(client, { type: "Cancel", request_id: 2, plan_id: "p" });
  expect(explain(driver, client)).toMatch(/is being stopped on worker "w"/);
});

it("a store that can't write is said at once, and nothing that is not written", () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"));
  driver.holdsWrites = true;
  driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  driver.receive(client, { type: "Explain", request_id: 1, plan_id: "p" });
  expect(driver.typesTo(client)).not.toContain("Explained");
  driver.answerWrites({ type: "failed", reason: "disk full" });
  const waited = driver.take(client, "Explained");
  expect(waited).toMatchObject({ request_id: 1, state: "Running" });
  expect(waited.reasons[0]).toMatch(/the store, which could not write.*disk full.*again in 1.0 s/);
  expect(explain(driver, client)).toMatch(/disk full/);
});

it("an open stream says who keeps it waiting", () => {
  const driver = new CoordinatorDriver();
  const worker = driver.worker("w");
  const client = driver.client();
  const stream = { stream_id: "s", plan_id: "p" };
  const chunk = (chunk_index: number) => ({
    stream_id: "s",
    chunk_index,
    value: { type: "Empty" as const },
  });
  const credit = { bytes: 1_000, chunks: 2 };
  driver.receive(client, { type: "StreamBegin", ...stream, plan: planOf("p"), credit });
  const { attempt = 0 } = driver.take(worker, "StreamBegin");
  expect(explain(driver, client)).toMatch(/has not accepted the stream/);
  driver.receive(worker, { type: "StreamAccepted", ...stream, attempt, credit });
  expect(explain(driver, client)).toMatch(/its client sends nothing/);
  driver.receive(client, { type: "ChunkData", ...chunk(0) });
  expect(explain(driver, client)).toMatch(/its worker is busy with 1 chunks/);
  driver.receive(client, { type: "ChunkData", ...chunk(1) });
  expect(explain(driver, client)).toMatch(/its worker takes no more chunks/);
  driver.receive(worker, { type: "ChunkResult", ...chunk(0) });
  driver.receive(worker, { type: "ChunkResult", ...chunk(1) });
  expect(explain(driver, client)).toMatch(/its client takes no more results/);
});

it("what has ended says how, and what was tried, from memory as from the store", async () => {
  for (const maxEnded of [10, 0]) {
    const driver = new CoordinatorDriver({ settings: { maxEnded } });
    const client = driver.client();
    const worker = driver.worker("w");
    driver.submit(client, planOf("p"));
    driver.receive(worker, { type: "Started", plan_id: "p", attempt: 1 });
    driver.step({ type: "connectionClosed", conn: worker, reason: "leaving" });
    const other = driver.worker("x");
    const { attempt = 0 } = driver.take(other, "AssignPlan");
    const result = success({ type: "Json", data: 1 });
    driver.receive(other, { type: "PlanResult", worker_id: "x", plan_id: "p", attempt, result });
    driver.passTime(5_000);
    driver.receive(client, { type: "Explain", request_id: 1, plan_id: "p" });
    await driver.answerQuestions();
    const explained = driver.take(client, "Explained");
    expect(explained).toMatchObject({ state: "Succeeded" });
    expect(explained.reasons).toEqual([
      expect.stringMatching(/^it succeeded 5 s ago, after 2 attempts and \d+ ms$/),
      'attempt 1 on worker "w": started, then lost: it left',
      'attempt 2 on worker "x": succeeded',
    ]);
  }
});

it("an attempt whose isolate died had started, although its result said so first", async () => {
  const driver = new CoordinatorDriver();
  const client = driver.client();
  const worker = driver.worker("w");
  driver.submit(client, planOf("p"));
  const died = {
    status: "Failed",
    error: "it died",
    code: "WORKER_CRASH",
    duration_ms: 1,
  } as const;
  driver.receive(worker, resultMessage(driver.take(worker, "AssignPlan"), died));
  driver.passTime(4_000);
  driver.answer(worker, driver.take(worker, "AssignPlan"), 1);
  driver.receive(client, { type: "Explain", request_id: 1, plan_id: "p" });
  await driver.answerQuestions();
  expect(driver.take(client, "Explained").reasons).toContain(
    'attempt 1 on worker "w": started, then lost: WORKER_CRASH: it died',
  );
});
