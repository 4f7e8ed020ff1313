import type { ConnectionId } from "@planwire/protocol";
import type { Logger } from "pino";
import { now } from "./clock.js";
import type { Connections } from "./connections.js";
import type { Effect } from "./core/effect.js";
import type { CoreEvent, Now } from "./core/event.js";
import type { Store, Write, WriteAnswer } from "./store/store.js";

/** What is run: the coordinator's core. */
export interface Core {
  /** What to do once, before anybody is let in. */
  start(now: Now): Effect[];
  step(event: CoreEvent, now: Now): Effect[];
}

type Wires = Pick<
  Connections,
  "send" | "sendBulk" | "forward" | "useFeatures" | "close" | "probe" | "awaitDrain"
>;
type Persist = Extract<Effect, { type: "persist" }>;

/**
 * Events that are stepped at one look at the clock, before what they persist is handed over. A client's batch may bring thousands: the first
 * of them need not wait for the last. What a store is handed while it syncs shares the next sync all the same.
 */
const KEEP_MOVING = 32;
/** The longest that setTimeout can wait. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * Feeds the core and carries out what it wants. Events that arise meanwhile (the memory store answers within `commit`) wait for their turn,
 * so the core is never stepped within a step. Writes of all events that were fed together are committed together: they share a sync.
 */
export class CoreRunner {
  readonly #core: Core;
  readonly #wires: Wires;
  readonly #store: Store;
  readonly #log: Logger;
  #events: CoreEvent[] = [];
  #writes: Persist[] = [];
  /** Those that need not outlive this process: no disk keeps their answers waiting. */
  #memoryWrites: Persist[] = [];
  #running = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(core: Core, wires: Wires, store: Store, log: Logger) {
    this.#core = core;
    this.#wires = wires;
    this.#store = store;
    this.#log = log;
  }

  start(): void {
    this.#whileRunning(() => this.#carryOutAll(this.#core.start(now())));
  }

  feed(events: readonly CoreEvent[]): void {
    if (this.#stopped) return;
    for (const event of events) this.#events.push(event);
    if (!this.#running) this.#whileRunning(() => {});
  }

  /** From now on nothing happens any more. What is stored is then as after a kill, which the next start goes on from. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #whileRunning(first: () => void): void {
    this.#running = true;
    try {
      first();
      do {
        const events = this.#events;
        this.#events = [];
        for (let from = 0; from < events.length; from += KEEP_MOVING) {
          const at = now();
          const to = Math.min(from + KEEP_MOVING, events.length);
          for (let i = from; i < to; i++) this.#step(events[i] as CoreEvent, at);
          this.#commitAll();
        }
      } while (this.#events.length > 0);
    } finally {
      this.#running = false;
    }
  }

  /** A step that throws is a fault of ours: it costs the connection that it was about, and nobody else anything. */
  #step(event: CoreEvent, at: Now): void {
    try {
      this.#carryOutAll(this.#core.step(event, at));
    } catch (error) {
      const conn = connectionOf(event);
      this.#log.error({ err: error, event: event.type, conn }, "a fault in the coordinator's core");
      if (conn !== undefined) this.#wires.close(conn, "INTERNAL");
    }
  }

  #carryOutAll(effects: readonly Effect[]): void {
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "send":
        return this.#wires.send(effect.conn, effect.message, effect.mayWait);
      case "sendBulk":
        return this.#wires.sendBulk(effect.conn, effect.message);
      case "forward":
        return this.#wires.forward(effect.conn, effect.frame);
      case "useFeatures":
        return this.#wires.useFeatures(effect.conn, effect.features);
      case "close":
        return this.#wires.close(effect.conn, effect.code);
      case "probe":
        return this.#wires.probe(effect.conn);
      case "awaitDrain":
        return this.#wires.awaitDrain(effect.conn);
      case "persist":
        (isForMemory(effect) ? this.#memoryWrites : this.#writes).push(effect);
        return;
      case "load":
        return void this.#load(effect);
      case "list":
        return void this.#list(effect);
      case "prune":
        return void this.#prune(effect);
      case "rememberOffers":
        return void this.#rememberOffers(effect);
      case "wakeAt":
        return this.#wakeAt(effect.mono);
      case "log":
        return this.#log[effect.level](effect.fields, effect.message);
    }
  }

  #commitAll(): void {
    const [forMemory, forDisk] = [this.#memoryWrites, this.#writes];
    this.#memoryWrites = [];
    this.#writes = [];
    if (forMemory.length > 0) this.#commit(forMemory);
    if (forDisk.length > 0) this.#commit(forDisk);
  }

  #commit(writes: readonly Persist[]): void {
    const answer = (answers: readonly WriteAnswer[]) =>
      this.feed(writes.map(({ write }, index) => persistDone(write, answers[index])));
    try {
      this.#store.commit(contents(writes), answer);
    } catch (error) {
      this.#log.error({ err: error }, "a fault in the store");
      answer([]);
    }
  }

  async #load({ load, planId }: Extract<Effect, { type: "load" }>): Promise<void> {
    try {
      const execution = await this.#store.get(planId);
      this.feed([{ type: "loadDone", load, execution }]);
    } catch (error) {
      this.feed([{ type: "loadFailed", load, reason: reasonOf(error) }]);
    }
  }

  async #list({ list, query }: Extract<Effect, { type: "list" }>): Promise<void> {
    try {
      const { plans, total } = await this.#store.list(query);
      this.feed([{ type: "listDone", list, plans, total }]);
    } catch (error) {
      this.feed([{ type: "listFailed", list, reason: reasonOf(error) }]);
    }
  }

  async #prune({ prune, query }: Extract<Effect, { type: "prune" }>): Promise<void> {
    try {
      const removed = await this.#store.prune(query);
      this.feed([{ type: "pruneDone", prune, removed }]);
    } catch (error) {
      this.feed([{ type: "pruneFailed", prune, reason: reasonOf(error) }]);
    }
  }

  /** One that fails costs little: only a restart asks for it, and who offers it says so again. */
  async #rememberOffers({ offers, most }: Extract<Effect, { type: "rememberOffers" }>) {
    try {
      await this.#store.rememberOffers(offers, most);
    } catch (error) {
      this.#log.warn({ err: error }, "the filters that a worker offers could not be written");
    }
  }

  /** The listening server keeps the process alive; a timer never does. */
  #wakeAt(mono: number | undefined): void {
    clearTimeout(this.#timer);
    if (mono === undefined || this.#stopped) return;
    const delay = Math.max(0, Math.ceil(mono - now().mono));
    const wake = () => this.feed([{ type: "woken" }]);
    this.#timer = setTimeout(wake, Math.min(delay, LONGEST_DELAY_MS)).unref();
  }
}

function isForMemory({ content }: Persist): boolean {
  return content.durability === "memory";
}

function contents(writes: readonly Persist[]): Write[] {
  return writes.map(({ content }) => content);
}

function persistDone(write: number, answer: WriteAnswer | undefined): CoreEvent {
  const failed = { type: "failed", reason: "the store left the write unanswered" } as const;
  return { type: "persistDone", write, answer: answer ?? failed };
}

function connectionOf(event: CoreEvent): ConnectionId | undefined {
  return "conn" in event ? event.conn : undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
