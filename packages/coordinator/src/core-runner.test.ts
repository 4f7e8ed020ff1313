import { PlanwireError, type ConnectionId, type Message } from "@planwire/protocol";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CoreRunner, type Core } from "./core-runner.js";
import type { Effect } from "./core/effect.js";
import type { CoreEvent } from "./core/event.js";
import { memoryStore } from "./store/memory.js";
import type { PruneQuery, Store, Write, WriteAnswer } from "./store/store.js";

const conn = "c1" as ConnectionId;
const opened: CoreEvent = {
  type: "connectionOpened",
  conn,
  scopes: { worker: true, client: true },
  sessionId: "s",
};
const pong: Message = { type: "Pong" };
const woken: CoreEvent = { type: "woken" };

/** A core that does as the test says, and notes what it was told. */
class ScriptedCore implements Core {
  readonly told: CoreEvent[] = [];
  onStart: readonly Effect[] = [];
  answer: (event: CoreEvent) => readonly Effect[] = () => [];
  #isStepping = false;

  start(): Effect[] {
    return [...this.onStart];
  }

  step(event: CoreEvent): Effect[] {
    if (this.#isStepping) throw new Error("stepped within a step");
    this.#isStepping = true;
    this.told.push(event);
    try {
      return [...this.answer(event)];
    } finally {
      this.#isStepping = false;
    }
  }
}

/** Notes what reaches the sockets, as lines. */
function wires(done: string[]) {
  return {
    send: (to: ConnectionId, { type }: Message) => done.push(`send ${to} ${type}`),
    sendBulk: (to: ConnectionId, { type }: Message) => done.push(`sendBulk ${to} ${type}`),
    forward: (to: ConnectionId, { length }: Uint8Array) => done.push(`forward ${to} ${length}`),
    useFeatures: (to: ConnectionId, features: readonly string[]) =>
      done.push(`useFeatures ${to} ${features.join()}`),
    close: (to: ConnectionId, code: string) => done.push(`close ${to} ${code}`),
    awaitDrain: (to: ConnectionId) => done.push(`awaitDrain ${to}`),
    probe: (to: ConnectionId) => done.push(`probe ${to}`),
  };
}

/** Answers when the test says so. */
class SlowStore {
  readonly commits: { writes: readonly Write[]; answer: (answers: WriteAnswer[]) => void }[] = [];
  readonly store: Store = {
    ...memoryStore(),
    commit: (writes, answer) => void this.commits.push({ writes, answer }),
    get: (planId) =>
      planId === "ill" ? Promise.reject(new Error("disk")) : Promise.resolve(undefined),
    list: () => Promise.resolve({ plans: [], total: 4 }),
  };
}

function write(planId: string): Write {
  const plan = { plan_id: planId, plan: "Empty", metadata: {} } as const;
  const accept = { kind: "plan", plan, name: undefined, submittedAt: 0 } as const;
  return { planId, owner: "o", expects: 0, changes: [{ type: "accept", ...accept }] };
}

function setUp(store: Store) {
  const core = new ScriptedCore();
  const done: string[] = [];
  const lines: string[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  const runner = new CoreRunner(core, wires(done), store, log);
  return { core, done, lines, runner };
}

describe("the runner of a core", () => {
  test("carries effects out in their order, those of the start first", () => {
    const { core, done, runner } = setUp(memoryStore());
    core.onStart = [{ type: "probe", conn }];
    core.answer = () => [
      { type: "send", conn, message: pong },
      { type: "useFeatures", conn, features: ["batch"] },
      { type: "sendBulk", conn, message: { type: "StreamEnd", stream_id: "s" } },
      { type: "forward", conn, frame: new Uint8Array(3) },
      { type: "close", conn, code: "SESSION_EXPIRED" },
    ];
    runner.start();
    runner.feed([opened]);
    expect(done).toEqual([
      "probe c1",
      "send c1 Pong",
      "useFeatures c1 batch",
      "sendBulk c1 StreamEnd",
      "forward c1 3",
      "close c1 SESSION_EXPIRED",
    ]);
  });

  test("hands over apart what no disk need keep, so that its answer waits for none", () => {
    const recording = new SlowStore();
    const { core, runner } = setUp(recording.store);
    const forMemory = { ...write("m"), durability: "memory" } as const;
    core.answer = () => [
      { type: "persist", write: 1, content: write("d") },
      { type: "persist", write: 2, content: forMemory },
      { type: "persist", write: 3, content: write("e") },
    ];
    runner.feed([opened]);
    expect(recording.commits.map(({ writes }) => writes.map(({ planId }) => planId))).toEqual([
      ["m"],
      ["d", "e"],
    ]);
  });

  test("a store that answers within commit steps the core after the step, never within", async () => {
    const store = memoryStore();
    await store.open();
    const { core, runner } = setUp(store);
    core.answer = (event) =>
      event.type === "woken" ? [{ type: "persist", write: 1, content: write("a") }] : [];
    runner.feed([woken, opened]);
    expect(core.told.map(({ type }) => type)).toEqual(["woken", "connectionOpened", "persistDone"]);
    expect(core.told[2]).toEqual({ type: "persistDone", write: 1, answer: { type: "done" } });
  });

  test("hands over together what events that came together want written", () => {
    const slow = new SlowStore();
    const { core, runner } = setUp(slow.store);
    let number = 0;
    core.answer = ({ type }) =>
      type === "woken" ? [{ type: "persist", write: ++number, content: write(`p${number}`) }] : [];
    runner.feed([woken, woken]);
    runner.feed([woken]);
    const planIds = slow.commits.map(({ writes }) => writes.map(({ planId }) => planId));
    expect(planIds).toEqual([["p1", "p2"], ["p3"]]);
    slow.commits[0]?.answer([{ type: "done" }, { type: "notOwner" }]);
    expect(core.told.slice(3)).toEqual([
      { type: "persistDone", write: 1, answer: { type: "done" } },
      { type: "persistDone", write: 2, answer: { type: "notOwner" } },
    ]);
  });

  test("a store that throws has failed the write", () => {
    const store = {
      ...memoryStore(),
      commit: () => {
        throw new Error("bug");
      },
    };
    const { core, lines, runner } = setUp(store);
    core.answer = ({ type }) =>
      type === "woken" ? [{ type: "persist", write: 1, content: write("a") }] : [];
    runner.feed([woken]);
    expect(core.told[1]).toMatchObject({ type: "persistDone", answer: { type: "failed" } });
    expect(lines.join()).toContain("a fault in the store");
  });

  test("answers questions to the store, and says why one failed", async () => {
    const { core, runner } = setUp(new SlowStore().store);
    const query = { limit: 1, state: undefined, before: undefined };
    core.answer = ({ type }) =>
      type === "woken"
        ? [
            { type: "load", load: 1, planId: "gone" },
            { type: "load", load: 2, planId: "ill" },
            { type: "list", list: 3, query },
          ]
        : [];
    runner.feed([woken]);
    await vi.waitUntil(() => core.told.length === 4);
    expect(core.told.slice(1)).toEqual(
      expect.arrayContaining([
        { type: "loadDone", load: 1, execution: undefined },
        { type: "loadFailed", load: 2, reason: "disk" },
        { type: "listDone", list: 3, plans: [], total: 4 },
      ]),
    );
  });

  test("asks the store to remove what has been kept long enough, and says how much that was, or why it was nothing", async () => {
    const { store } = new SlowStore();
    const asked: PruneQuery[] = [];
    const prune = (query: PruneQuery) => {
      asked.push(query);
      return query.limit > 5 ? Promise.reject(new Error("disk")) : Promise.resolve(query.limit);
    };
    const { core, runner } = setUp({ ...store, prune });
    const query = { now: 2, endedBefore: 1, limit: 5 };
    core.answer = ({ type }) =>
      type === "woken"
        ? [
            { type: "prune", prune: 1, query },
            { type: "prune", prune: 2, query: { ...query, limit: 6 } },
          ]
        : [];
    runner.feed([woken]);
    await vi.waitUntil(() => core.told.length === 3);
    expect(asked[0]).toEqual(query);
    expect(core.told.slice(1)).toEqual([
      { type: "pruneDone", prune: 1, removed: 5 },
      { type: "pruneFailed", prune: 2, reason: "disk" },
    ]);
  });

  test("a step that throws costs its own connection, and is told by its event's type", () => {
    const { core, done, lines, runner } = setUp(memoryStore());
    core.answer = ({ type }) => {
      if (type === "connectionOpened") throw new Error("a fault");
      return [{ type: "send", conn, message: pong }];
    };
    runner.feed([opened, woken]);
    expect(done).toEqual(["close c1 INTERNAL", "send c1 Pong"]);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      level: 50,
      event: "connectionOpened",
      conn: "c1",
      err: { message: "a fault" },
    });
  });

  test("events that arise while effects are carried out come after those that were there", () => {
    const core = new ScriptedCore();
    const log = pino({ level: "silent" });
    const error = new PlanwireError("VALUE_UNSUPPORTED", "no");
    const failing = {
      ...wires([]),
      send: () => runner.feed([{ type: "sendFailed", conn, message: pong, error }]),
    };
    const runner = new CoreRunner(core, failing, memoryStore(), log);
    core.answer = ({ type }) =>
      type === "connectionOpened" ? [{ type: "send", conn, message: pong }] : [];
    runner.feed([opened, woken]);
    expect(core.told.map(({ type }) => type)).toEqual(["connectionOpened", "woken", "sendFailed"]);
  });

  test("logs at the level that the core asks for", () => {
    const { core, lines, runner } = setUp(memoryStore());
    core.answer = () => [{ type: "log", level: "warn", message: "hm", fields: { a: 1 } }];
    runner.feed([woken]);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: 40, msg: "hm", a: 1 });
  });

  test("once stopped it feeds nothing any more, whatever still answers", () => {
    const slow = new SlowStore();
    const { core, runner } = setUp(slow.store);
    core.answer = () => [{ type: "persist", write: 1, content: write("a") }];
    runner.feed([woken]);
    runner.stop();
    slow.commits[0]?.answer([{ type: "done" }]);
    runner.feed([woken]);
    expect(core.told).toHaveLength(1);
  });
});

describe("the runner's timer", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function waking() {
    const { core, runner } = setUp(memoryStore());
    const wakeAt = (mono: number | undefined) => {
      core.answer = ({ type }) => (type === "connectionOpened" ? [{ type: "wakeAt", mono }] : []);
      runner.feed([opened]);
    };
    const wakings = () => core.told.filter(({ type }) => type === "woken").length;
    return { wakeAt, wakings, runner };
  }

  test("wakes the core at the time that it asked for last, once", () => {
    const { wakeAt, wakings } = waking();
    wakeAt(performance.now() + 100);
    wakeAt(performance.now() + 500);
    vi.advanceTimersByTime(499);
    expect(wakings()).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(wakings()).toBe(1);
  });

  test("wakes it soon for a time that has passed, and never when it takes that back", () => {
    const { wakeAt, wakings } = waking();
    wakeAt(performance.now() - 5);
    vi.advanceTimersByTime(1);
    expect(wakings()).toBe(1);
    wakeAt(performance.now() + 5);
    wakeAt(undefined);
    vi.advanceTimersByTime(1_000);
    expect(wakings()).toBe(1);
  });

  test("a time beyond what a timer can wait does not wake it at once", () => {
    const { wakeAt, wakings } = waking();
    wakeAt(performance.now() + 2 ** 40);
    vi.advanceTimersByTime(1_000);
    expect(wakings()).toBe(0);
  });
});
