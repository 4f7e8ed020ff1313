import fc from "fast-check";
import { expect, test } from "vitest";
import type { CallId, CallOutcome } from "../core/filter-call.js";
import { callOf } from "../testing/pool-bench.js";
import { claim, Claims } from "./claims.js";
import type { Isolate, IsolateEvents } from "./member.js";
import type { AheadCall, FromIsolate, ToIsolate } from "./messages.js";
import { IsolatePool } from "./pool.js";

const SIZE = 2;

/** What became of each call, as its threads and the pool's owner saw it. */
class Record {
  readonly begun = new Set<CallId>();
  readonly posted = new Set<CallId>();
  readonly started = new Set<CallId>();
  readonly aborted = new Set<CallId>();
  readonly killed = new Set<CallId>();
  readonly diedWith = new Set<CallId>();
  readonly done = new Map<CallId, CallOutcome["status"]>();
}

/** A thread: takes messages at once, but what it says stays under way until it is delivered. */
class ModelThread implements Isolate {
  readonly claims = new Claims();
  readonly #record: Record;
  readonly #events: IsolateEvents;
  readonly #line: AheadCall[] = [];
  readonly #said: FromIsolate[] = [{ type: "loaded", loaded: { filters: [], failures: [] } }];
  #running: CallId | undefined;
  state: "alive" | "killed" | "dead" = "alive";

  constructor(record: Record, events: IsolateEvents) {
    this.#record = record;
    this.#events = events;
  }

  post(message: ToIsolate): void {
    if (this.state !== "alive") {
      // The pool could not know yet. It counts as begun: nobody can tell.
      if (message.type === "call") this.#record.diedWith.add(message.call.call);
      return;
    }
    switch (message.type) {
      case "call":
        expect(this.#running).toBeUndefined();
        return this.#begin(message.call.call);
      case "ahead":
        this.#line.push(...message.calls);
        return;
      case "abort":
        return;
    }
  }

  kill(): void {
    if (this.state !== "alive") return;
    this.state = "killed";
    const victim = this.runningOrNext;
    if (victim === undefined) return;
    // Nobody's call but the one that is meant dies of it.
    expect(this.#record.killed).toContain(victim);
    this.#record.diedWith.add(victim);
  }

  /** Then it goes on with the next call, or pauses before it does. */
  answer(pauses: boolean): void {
    if (this.state !== "alive") return;
    if (this.#running === undefined) return this.#beginNext();
    const outcome = { status: "done", value: { type: "Empty" } } as const;
    this.#said.push({ type: "done", call: this.#running, outcome });
    this.#record.posted.add(this.#running);
    this.#running = undefined;
    if (!pauses) this.#beginNext();
  }

  deliver(): boolean {
    const message = this.#said.shift();
    if (message !== undefined) this.#events.message(message);
    return message !== undefined;
  }

  end(): void {
    if (this.state === "dead") return;
    if (this.state === "alive" && this.#running !== undefined) {
      this.#record.diedWith.add(this.#running);
    }
    this.state = "killed";
    while (this.deliver());
    this.state = "dead";
    this.#events.ended("it died");
  }

  /** Nothing to do, and the pool knows. */
  get isResting(): boolean {
    return this.state === "alive" && this.runningOrNext === undefined && this.#said.length === 0;
  }

  get runningOrNext(): CallId | undefined {
    if (this.#running !== undefined) return this.#running;
    const isOffered = ({ claim: { cell, ticket } }: AheadCall) =>
      Atomics.load(this.claims.cells, cell) === ticket;
    return this.#line.find(isOffered)?.call.call;
  }

  #begin(call: CallId): void {
    expect(this.#record.begun).not.toContain(call);
    this.#record.begun.add(call);
    this.#running = call;
  }

  #beginNext(): void {
    for (let next = this.#line.shift(); next !== undefined; next = this.#line.shift()) {
      if (claim(this.claims.cells, next.claim)) return this.#begin(next.call.call);
    }
  }
}

class Run {
  readonly record = new Record();
  readonly #threads: ModelThread[] = [];
  readonly #pool: IsolatePool;
  #now = 0;
  #calls = 0;

  constructor() {
    const { record } = this;
    const start = (events: IsolateEvents) => {
      const thread = new ModelThread(record, events);
      this.#threads.push(thread);
      return thread;
    };
    const events = {
      started: (call: CallId) => {
        // Told again only where its thread died before it had begun.
        if (!this.#threads.some(({ state }) => state === "dead")) {
          expect(record.started).not.toContain(call);
        }
        expect(record.done).not.toContain(call);
        record.started.add(call);
      },
      report: () => {},
      done: (call: CallId, { status }: CallOutcome) => {
        expect(record.done.has(call)).toBe(false);
        record.done.set(call, status);
      },
      loadFailed: () => {},
      crashed: () => {},
    };
    this.#pool = new IsolatePool(start, SIZE, events, () => this.#now);
  }

  step([what, which]: Step): void {
    const thread = this.#live[which % SIZE];
    const open = this.#open;
    const call = open[which % Math.max(open.length, 1)] ?? 0;
    switch (what) {
      case "run":
        for (let i = 0; i <= which % 16; i++) this.#pool.run(callOf(++this.#calls));
        break;
      case "runOwning":
        this.#pool.run(callOf(++this.#calls, { ownsInput: true }));
        break;
      case "answer":
        thread?.answer(which % 4 === 0);
        break;
      case "deliver":
        thread?.deliver();
        break;
      case "abort":
        this.record.aborted.add(call);
        this.#pool.abort(call);
        break;
      case "kill":
        this.record.killed.add(call);
        this.#pool.kill(call);
        this.#expectIsOver(call);
        break;
      case "end":
        thread?.end();
        break;
      case "wait":
        this.#now += which;
        break;
    }
    this.#expectNoIdleHands();
  }

  finish(): void {
    for (let quiet = false; !quiet;) {
      quiet = true;
      for (const thread of this.#live) {
        if (thread.state === "killed" || thread.runningOrNext !== undefined) quiet = false;
        if (thread.state === "killed") thread.end();
        thread.answer(false);
        while (thread.deliver()) quiet = false;
      }
    }
    const { aborted, begun, diedWith, done, killed, posted } = this.record;
    for (let call = 1; call <= this.#calls; call++) {
      const status = done.get(call);
      if (posted.has(call)) expect(status).toBe("done");
      else if (diedWith.has(call)) expect(status).toBe("crashed");
      else {
        expect(status).toBe("dropped");
        expect(begun.has(call)).toBe(false);
        expect(aborted.has(call) || killed.has(call)).toBe(true);
      }
    }
  }

  /** Calls without an end, the oldest first. */
  get #open(): CallId[] {
    const all = Array.from({ length: this.#calls }, (_, index) => index + 1);
    return all.filter((call) => !this.record.done.has(call)).slice(0, 24);
  }

  get #live(): ModelThread[] {
    return this.#threads.filter(({ state }) => state !== "dead");
  }

  #expectIsOver(call: CallId): void {
    const { begun, diedWith, posted } = this.record;
    if (begun.has(call) && !posted.has(call)) expect(diedWith).toContain(call);
  }

  #expectNoIdleHands(): void {
    if (!this.#live.some(({ isResting }) => isResting)) return;
    const { begun, started, done } = this.record;
    for (let call = 1; call <= this.#calls; call++) {
      if (!done.has(call)) expect(begun.has(call) || started.has(call)).toBe(true);
    }
  }
}

type Step = [
  what: "run" | "runOwning" | "answer" | "deliver" | "abort" | "kill" | "end" | "wait",
  which: number,
];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant("run" as const) },
    { weight: 20, arbitrary: fc.constantFrom("answer" as const, "deliver" as const) },
    { weight: 2, arbitrary: fc.constantFrom("abort" as const, "kill" as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("runOwning" as const, "end" as const, "wait" as const),
    },
  ),
  fc.nat(200),
);

test("whatever happens, each call gets one end, none runs twice or beside another, and nobody dies for a neighbour or waits beside an idle thread", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
      const run = new Run();
      for (const next of steps) run.step(next);
      run.finish();
    }),
    { numRuns: 200 },
  );
});
