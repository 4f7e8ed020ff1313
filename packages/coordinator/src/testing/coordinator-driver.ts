import {
  FEATURES,
  PlanwireError,
  type ConnectionId,
  type ErrorCode,
  type Message,
  type MessageOf,
  type MessageType,
  type SerializedPlan,
  type Value,
} from "@planwire/protocol";
import { CoordinatorCore } from "../core/core.js";
import type { Effect } from "../core/effect.js";
import type { CoreEvent } from "../core/event.js";
import { DEFAULT_SETTINGS, type Settings } from "../core/settings.js";
import { memoryStore } from "../store/memory.js";
import type {
  Opened,
  Store,
  StoredExecution,
  StoredOffer,
  Write,
  WriteAnswer,
} from "../store/store.js";
import { brokenInvariants } from "./broken-invariants.js";

export interface DriverOptions {
  readonly settings?: Partial<Settings>;
  readonly opened?: Partial<Opened>;
  /** That of an earlier driver, after its coordinator ended. */
  readonly store?: Store;
  /** Milliseconds by which the wall clock is ahead of where a first driver's begins. */
  readonly wallAhead?: number;
}

const BEGINNING = 1_000;

/**
 * Drives the core as the shell does, on a clock of the test's own and with a store that refuses what no order of events leads to.
 * Writes are answered at once, unless the test holds them back; what the core sends stands in `sent` until a test takes it. After
 * each step the whole state must agree with itself.
 */
export class CoordinatorDriver {
  readonly core: CoordinatorCore;
  readonly sent: { conn: ConnectionId; message: Message; bulk: boolean; mayWait: boolean }[] = [];
  readonly closed: { conn: ConnectionId; code: string }[] = [];
  /** Connections of which the core wants to hear when they have read what was sent. */
  readonly slow = new Set<ConnectionId>();
  readonly others: Effect[] = [];
  /** What the store was told to remember. */
  readonly offered = new Map<string, StoredOffer>();
  readonly store: Store;
  /** Writes that wait for `answerWrites`, while `holdsWrites`. */
  readonly writes: { write: number; content: Write }[] = [];
  holdsWrites = false;
  mono = BEGINNING;
  /** Set by a test that sets the wall clock. */
  wallAhead: number;
  wakeAt: number | undefined;
  #connections = 0;

  constructor({ settings = {}, opened = {}, store, wallAhead = 0 }: DriverOptions = {}) {
    this.wallAhead = wallAhead;
    this.store = store ?? memoryStore();
    // The memory store is open when the call returns; an earlier driver's is open already.
    if (!store) void this.store.open();
    // Clients of a test answer no pings, and stay however long it lasts.
    const patient = { clientTimeoutMs: 1e9 };
    const named = { coordinatorId: "c1", version: "0.1.0" };
    const given = { ...DEFAULT_SETTINGS, ...named, ...patient, ...settings };
    this.core = new CoordinatorCore(given, {
      historyId: "h1",
      boot: 1,
      live: [],
      offered: [],
      ...opened,
    });
    this.#carryOut(this.core.start(this.#now));
  }

  get #now() {
    return { mono: this.mono, wall: 1_700_000_000_000 + this.mono + this.wallAhead };
  }

  step(event: CoreEvent): void {
    this.#carryOut(this.core.step(event, this.#now));
    const faults = brokenInvariants(this.core.state);
    if (faults.length > 0) throw new Error(`after ${event.type}: ${faults.join("; ")}`);
  }

  connect(scopes = { worker: true, client: true }): ConnectionId {
    const conn = `conn-${++this.#connections}` as ConnectionId;
    this.step({ type: "connectionOpened", conn, scopes, sessionId: `session-${conn}` });
    return conn;
  }

  receive(conn: ConnectionId, message: Message, bytes = 100): void {
    this.step({
      type: "received",
      conn,
      message,
      isError: message.type === "Error",
      bytes,
    });
  }

  heartbeat(conn: ConnectionId, more: Partial<MessageOf<"Heartbeat">> = {}): void {
    this.receive(conn, { type: "Heartbeat", worker_id: "w", load, ...more });
  }

  /** The shell could not write a message for its peer. */
  sendFailed(conn: ConnectionId, message: Message, code: ErrorCode): void {
    this.step({
      type: "sendFailed",
      conn,
      message,
      error: new PlanwireError(code, "it can't be sent"),
    });
  }

  disconnect(conn: ConnectionId): void {
    this.step({ type: "connectionClosed", conn, reason: "gone" });
  }

  /** It has read what was sent. */
  drain(conn: ConnectionId): void {
    if (this.slow.delete(conn)) this.step({ type: "awaitDrainDone", conn });
  }

  /** Moves the clock, waking the core whenever it asked for it. */
  passTime(ms: number): void {
    const until = this.mono + ms;
    while (this.wakeAt !== undefined && this.wakeAt <= until) {
      this.mono = Math.max(this.mono, this.wakeAt);
      this.wakeAt = undefined;
      this.step({ type: "woken" });
    }
    this.mono = until;
  }

  client(): ConnectionId {
    const conn = this.connect();
    const about = { protocol_version: 1, implementation: "test", version: "0" };
    this.receive(conn, { type: "Hello", ...about, features: [...FEATURES] });
    this.take(conn, "Welcome");
    return conn;
  }

  /** A worker of ours with stateless filters of these names, unless `more` says otherwise. */
  worker(
    id: string,
    filters: readonly string[] = ["f"],
    more: Partial<MessageOf<"Register">> = {},
  ): ConnectionId {
    const conn = this.connect();
    this.receive(conn, registerMessage(id, filters, more));
    this.take(conn, "Registered");
    return conn;
  }

  /** A worker that knows nothing but the inherited wire. */
  inherited(id: string): ConnectionId {
    const conn = this.connect();
    this.receive(conn, { type: "Register", worker_id: id, capabilities });
    this.take(conn, "Registered");
    return conn;
  }

  submit(
    conn: ConnectionId,
    plan: SerializedPlan,
    more: Partial<MessageOf<"Submit">> = {},
    bytes?: number,
  ): void {
    const message = { type: "Submit", request_id: 1, plan, ...more } as const;
    this.receive(conn, message, bytes);
  }

  /** The worker's answer to its newest assignment. */
  answer(conn: ConnectionId, assigned: MessageOf<"AssignPlan">, data: unknown): void {
    this.receive(conn, resultMessage(assigned, success({ type: "Json", data: data as never })));
  }

  /** Lets the writes that are held back land, or has them answered as a test wants, landing nothing. */
  answerWrites(answer?: WriteAnswer): void {
    for (const { write, content } of this.writes.splice(0)) {
      this.step({ type: "persistDone", write, answer: answer ?? this.#commit(content) });
    }
  }

  /** Answers what the core asked the store for. */
  async answerQuestions(): Promise<void> {
    for (const effect of this.others.splice(0)) {
      if (effect.type === "load") {
        const execution = await this.store.get(effect.planId);
        this.step({ type: "loadDone", load: effect.load, execution });
      } else if (effect.type === "list") {
        const { plans, total } = await this.store.list(effect.query);
        this.step({ type: "listDone", list: effect.list, plans, total });
      } else if (effect.type === "prune") {
        const removed = await this.store.prune(effect.query);
        this.step({ type: "pruneDone", prune: effect.prune, removed });
      } else this.others.push(effect);
    }
  }

  /** A coordinator that is started on what this one left in its store; the wall clock goes on, unless it was set. */
  async restarted({
    settings = {},
    wallAhead = this.mono + this.wallAhead - BEGINNING,
  }: Pick<DriverOptions, "settings" | "wallAhead"> = {}): Promise<CoordinatorDriver> {
    const { plans } = await this.store.list({ limit: 1000, state: undefined, before: undefined });
    const stored = await Promise.all(plans.map(({ plan_id }) => this.store.get(plan_id)));
    const live = stored.filter((one): one is StoredExecution => one !== undefined && !one.outcome);
    const opened = {
      boot: this.core.state.boot + 1,
      live: live.toReversed(),
      offered: [...this.offered.values()],
    };
    return new CoordinatorDriver({
      settings: { coordinatorId: "c2", ...settings },
      opened,
      store: this.store,
      wallAhead,
    });
  }

  /** Takes the oldest message of that type sent to this connection; fails when there is none. */
  take<T extends MessageType>(conn: ConnectionId, type: T): MessageOf<T> {
    const index = this.sent.findIndex((one) => one.conn === conn && one.message.type === type);
    const [found] = index === -1 ? [] : this.sent.splice(index, 1);
    if (!found)
      throw new Error(`no ${type} was sent to ${conn}: ${JSON.stringify(this.typesTo(conn))}`);
    return found.message as MessageOf<T>;
  }

  typesTo(conn: ConnectionId): MessageType[] {
    return this.sent.filter((one) => one.conn === conn).map(({ message }) => message.type);
  }

  /** Events of an execution that this client was told, in order. */
  eventsTo(conn: ConnectionId): MessageOf<"PlanEvent">["event"][] {
    return this.sent.flatMap((one) =>
      one.conn === conn && one.message.type === "PlanEvent" ? [one.message.event] : [],
    );
  }

  expectNothingMoreFor(conn: ConnectionId): void {
    const types = this.typesTo(conn);
    if (types.length > 0) throw new Error(`${conn} was also sent ${types.join(", ")}`);
  }

  #commit(write: Write): WriteAnswer {
    let answer: WriteAnswer | undefined;
    this.store.commit([write], (answers) => {
      [answer] = answers;
    });
    if (!answer) throw new Error("the memory store answers at once");
    if (answer.type === "failed" || answer.type === "notOwner") {
      const reason = "reason" in answer ? answer.reason : "another version is stored";
      throw new Error(`the store refuses a write to ${write.planId}: ${reason}`);
    }
    return answer;
  }

  #carryOut(effects: readonly Effect[]): void {
    const writes: { write: number; content: Write }[] = [];
    for (const effect of effects) {
      switch (effect.type) {
        case "send":
        case "sendBulk":
          this.sent.push({
            conn: effect.conn,
            message: effect.message,
            bulk: effect.type === "sendBulk",
            mayWait: effect.type === "send" && effect.mayWait === true,
          });
          break;
        case "close":
          this.closed.push({ conn: effect.conn, code: effect.code });
          break;
        case "rememberOffers":
          for (const offer of effect.offers) this.offered.set(offer.key, offer);
          break;
        case "wakeAt":
          this.wakeAt = effect.mono;
          break;
        case "awaitDrain":
          this.slow.add(effect.conn);
          break;
        case "persist":
          (this.holdsWrites ? this.writes : writes).push(effect);
          break;
        default:
          this.others.push(effect);
      }
    }
    for (const { write, content } of writes) {
      this.step({ type: "persistDone", write, answer: this.#commit(content) });
    }
  }
}

const load = {
  cpu_usage: 0,
  memory_usage: 0,
  gpu_usage: [],
  active_plans: 0,
  queue_depth: 0,
  timestamp: "2026-01-01T00:00:00Z",
};

export const capabilities = { cpu_cores: 1, ram_bytes: 1, gpus: [], python_envs: [], tags: [] };

export function registerMessage(
  id: string,
  filters: readonly string[] = ["f"],
  more: Partial<MessageOf<"Register">> = {},
): MessageOf<"Register"> {
  return {
    type: "Register",
    worker_id: id,
    capabilities,
    protocol_version: 1,
    incarnation: `${id}-1`,
    features: [...FEATURES],
    max_concurrent: 1,
    filters: filters.map((name) => ({ name, kind: "Stateless", stream_mode: "FixedState" })),
    ...more,
  };
}

export const execute = (node_id: string) => ({ Execute: { node_id } });

export function planOf(id: string, more: Partial<SerializedPlan> = {}): SerializedPlan {
  return {
    plan_id: id,
    plan: execute("f"),
    input: { source: "Inline", value: { type: "Json", data: 1 } },
    bindings: [{ node_id: "f", uses: "f" }],
    metadata: {},
    ...more,
  };
}

export function success(output: Value, states: Record<string, Value> = {}) {
  return { status: "Success", output, duration_ms: 1, states } as const;
}

export function resultMessage(
  { plan, attempt }: MessageOf<"AssignPlan">,
  result: MessageOf<"PlanResult">["result"],
): MessageOf<"PlanResult"> {
  const fenced = attempt === undefined ? {} : { attempt };
  return { type: "PlanResult", worker_id: "w", plan_id: plan.plan_id, result, ...fenced };
}
