import type { CallId, CallOutcome, FilterCall } from "../core/filter-call.js";
import { claim, Claims } from "../isolate/claims.js";
import type { Isolate, IsolateEvents } from "../isolate/member.js";
import type { AheadCall, FromIsolate, Loaded, ToIsolate } from "../isolate/messages.js";
import { IsolatePool } from "../isolate/pool.js";

export interface BenchOptions {
  /** Whether its isolates share memory with the pool, as threads do. */
  readonly claims?: boolean;
}

/** Isolates that do what the test says: the pool's rules without threads. */
export class PoolBench {
  readonly started: FakeIsolate[] = [];
  readonly told: string[] = [];
  readonly pool: IsolatePool;
  now = 0;

  constructor(size: number, { claims = false }: BenchOptions = {}) {
    const start = (events: IsolateEvents) => {
      const isolate = new FakeIsolate(events, claims ? new Claims() : undefined);
      this.started.push(isolate);
      return isolate;
    };
    const events = {
      started: (call: CallId) => this.told.push(`started ${call}`),
      report: (report: { call: CallId }) => this.told.push(`report ${report.call}`),
      done: (call: CallId, outcome: CallOutcome) =>
        this.told.push(`done ${call} ${outcome.status}`),
      loadFailed: () => this.told.push("loadFailed"),
      crashed: (reason: string) => this.told.push(`crashed ${reason}`),
    };
    this.pool = new IsolatePool(start, size, events, () => this.now);
  }

  /** One whose isolates have loaded. */
  static loaded(size: number, options?: BenchOptions): PoolBench {
    const bench = new PoolBench(size, options);
    void bench.pool.load();
    bench.at(0).load();
    return bench;
  }

  at(index: number): FakeIsolate {
    const isolate = this.started[index];
    if (isolate === undefined) throw new Error(`isolate ${index} was not started`);
    return isolate;
  }

  run(...calls: readonly CallId[]): void {
    for (const call of calls) this.pool.run(callOf(call));
  }
}

export function callOf(call: CallId, more: Partial<FilterCall> = {}): FilterCall {
  const input = { type: "Empty" } as const;
  const names = { filter: "f", nodeId: "n", planId: "p", workerId: "w" };
  return { call, op: "forward", input, attempt: 1, ...names, ...more };
}

export class FakeIsolate implements Isolate {
  readonly got: string[] = [];
  declare readonly claims?: Claims;
  readonly #events: IsolateEvents;
  /** What it was given ahead, and has not come to. */
  readonly #line: AheadCall[] = [];

  constructor(events: IsolateEvents, claims: Claims | undefined) {
    this.#events = events;
    if (claims !== undefined) this.claims = claims;
  }

  post(message: ToIsolate): void {
    switch (message.type) {
      case "call":
        return void this.got.push(`call ${message.call.call}`);
      case "ahead":
        this.#line.push(...message.calls);
        return void this.got.push(`ahead ${message.calls.map(({ call }) => call.call).join(" ")}`);
      case "abort":
        return void this.got.push(`abort ${message.call}`);
    }
  }

  kill(): void {
    this.got.push("kill");
  }

  /** Begins the next call ahead that it can have, as a thread does once it has posted an answer. */
  beginNext(): CallId | undefined {
    for (let next = this.#line.shift(); next !== undefined; next = this.#line.shift()) {
      if (this.claims !== undefined && claim(this.claims.cells, next.claim)) return next.call.call;
    }
    return undefined;
  }

  say(message: FromIsolate): void {
    this.#events.message(message);
  }

  load(failures: Loaded["failures"] = []): void {
    this.say({ type: "loaded", loaded: { filters: [], failures } });
  }

  finish(...calls: readonly CallId[]): void {
    const outcome: CallOutcome = { status: "done", value: { type: "Empty" } };
    for (const call of calls) this.say({ type: "done", call, outcome });
  }

  die(reason = "code 1"): void {
    this.#events.ended(reason);
  }
}
