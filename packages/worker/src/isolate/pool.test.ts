import { expect, test } from "vitest";
import type { CallId, CallOutcome, FilterCall } from "../core/filter-call.js";
import type { FromIsolate, Loaded, ToIsolate } from "./messages.js";
import { IsolatePool, type IsolateEvents } from "./pool.js";

/** Isolates that do what the test says: the pool's rules without threads. */
class Bench {
  readonly started: FakeIsolate[] = [];
  readonly told: string[] = [];
  readonly pool: IsolatePool;

  constructor(size: number) {
    const start = (events: IsolateEvents) => {
      const isolate = new FakeIsolate(events);
      this.started.push(isolate);
      return isolate;
    };
    this.pool = new IsolatePool(start, size, {
      started: (call) => this.told.push(`started ${call}`),
      report: (report) => this.told.push(`report ${report.call}`),
      done: (call, outcome) => this.told.push(`done ${call} ${outcome.status}`),
      loadFailed: () => this.told.push("loadFailed"),
      crashed: (reason) => this.told.push(`crashed ${reason}`),
    });
  }

  at(index: number): FakeIsolate {
    const isolate = this.started[index];
    if (isolate === undefined) throw new Error(`isolate ${index} was not started`);
    return isolate;
  }

  run(call: CallId): void {
    const request: FilterCall = {
      call,
      filter: "f",
      op: "forward",
      input: { type: "Empty" },
      nodeId: "n",
      planId: "p",
      attempt: 1,
      workerId: "w",
    };
    this.pool.run(request);
  }
}

class FakeIsolate {
  readonly got: string[] = [];
  readonly #events: IsolateEvents;

  constructor(events: IsolateEvents) {
    this.#events = events;
  }

  post(message: ToIsolate): void {
    this.got.push(message.type === "call" ? `call ${message.call.call}` : `abort ${message.call}`);
  }

  kill(): void {
    this.got.push("kill");
  }

  say(message: FromIsolate): void {
    this.#events.message(message);
  }

  load(failures: Loaded["failures"] = []): void {
    this.say({ type: "loaded", loaded: { filters: [], failures } });
  }

  finish(call: CallId): void {
    const outcome: CallOutcome = { status: "done", value: { type: "Empty" } };
    this.say({ type: "done", call, outcome });
  }

  die(reason = "code 1"): void {
    this.#events.ended(reason);
  }
}

function loaded(size: number): Bench {
  const bench = new Bench(size);
  void bench.pool.load();
  bench.at(0).load();
  return bench;
}

test("isolates are started when calls wait, up to the size, and run one call at a time", () => {
  const bench = loaded(2);
  bench.run(1);
  bench.run(2);
  bench.run(3);
  expect(bench.started).toHaveLength(2);
  bench.at(1).load();
  expect(bench.at(0).got).toEqual(["call 1"]);
  expect(bench.at(1).got).toEqual(["call 2"]);
  bench.at(0).finish(1);
  expect(bench.at(0).got).toEqual(["call 1", "call 3"]);
  expect(bench.told).toEqual(["started 1", "started 2", "started 3", "done 1 done"]);
});

test("the isolate that became idle last is taken first", () => {
  const bench = loaded(2);
  bench.run(1);
  bench.run(2);
  bench.at(1).load();
  bench.at(0).finish(1);
  bench.at(1).finish(2);
  bench.run(3);
  expect(bench.at(1).got).toContain("call 3");
});

test("one that dies takes its own call only, and the next call gets a fresh one", () => {
  const bench = loaded(1);
  bench.run(1);
  bench.run(2);
  bench.at(0).die();
  expect(bench.told).toEqual(["started 1", "crashed code 1", "done 1 crashed"]);
  bench.at(1).load();
  expect(bench.at(1).got).toEqual(["call 2"]);
});

test("one that dies idle costs no call", () => {
  const bench = loaded(1);
  bench.at(0).die();
  expect(bench.told).toEqual(["crashed code 1"]);
  bench.run(1);
  bench.at(1).load();
  expect(bench.at(1).got).toEqual(["call 1"]);
});

test("a killed call is done when its isolate has ended, and nobody calls that a crash", () => {
  const bench = loaded(1);
  bench.run(1);
  bench.pool.kill(1);
  expect(bench.at(0).got).toEqual(["call 1", "kill"]);
  bench.at(0).die("killed");
  expect(bench.told).toEqual(["started 1", "done 1 crashed"]);
});

test("a call that ends while its isolate is being killed gets no successor there", () => {
  const bench = loaded(1);
  bench.run(1);
  bench.pool.kill(1);
  bench.at(0).finish(1);
  bench.run(2);
  expect(bench.at(0).got).not.toContain("call 2");
  bench.at(0).die();
  bench.at(1).load();
  expect(bench.at(1).got).toEqual(["call 2"]);
});

test("an abort reaches the filter that runs, and drops what waits", () => {
  const bench = loaded(1);
  bench.run(1);
  bench.run(2);
  bench.pool.abort(1);
  bench.pool.abort(2);
  expect(bench.at(0).got).toEqual(["call 1", "abort 1"]);
  expect(bench.told).toEqual(["started 1", "done 2 dropped"]);
});

test("filters that no longer load cost each call that waits for them one start, not an endless row of starts", () => {
  const bench = loaded(1);
  bench.at(0).die();
  bench.run(1);
  bench.at(1).load([{ file: "f.ts", message: "broken", hint: "mend it" }]);
  expect(bench.told).toContain("loadFailed");
  expect(bench.told).toContain("done 1 failed");
  expect(bench.started).toHaveLength(2);
});

test("an isolate that ends while loading is a failure to load", async () => {
  const bench = new Bench(1);
  const first = bench.pool.load();
  bench.at(0).die("code 0");
  expect((await first).failures[0]?.message).toContain("code 0");
});

test("a closed pool ends its isolates and says nothing more", () => {
  const bench = loaded(1);
  bench.run(1);
  bench.pool.close();
  expect(bench.at(0).got).toContain("kill");
  bench.at(0).die();
  expect(bench.told).toEqual(["started 1"]);
});
