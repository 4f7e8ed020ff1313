import {
  FEATURES,
  type ConnectionId,
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
import type { Opened, Write, WriteAnswer } from "../store/store.js";

export interface DriverOptions {
  readonly settings?: Partial<Settings>;
  readonly opened?: Partial<Opened>;
}

/**
 * Drives the core as the shell does, on a clock of the test's own. Writes are answered at once, unless the test holds them back;
 * what the core sends stands in `sent` until a test takes it.
 */
export class CoordinatorDriver {
  readonly core: CoordinatorCore;
  readonly sent: { conn: ConnectionId; message: Message; bulk: boolean }[] = [];
  readonly closed: { conn: ConnectionId; code: string }[] = [];
  readonly others: Effect[] = [];
  /** Writes that wait for `answerWrites`, while `holdsWrites`. */
  readonly writes: { write: number; content: Write }[] = [];
  holdsWrites = false;
  mono = 1_000;
  wakeAt: number | undefined;
  #connections = 0;

  constructor({ settings = {}, opened = {} }: DriverOptions = {}) {
    const given = { coordinatorId: "c1", version: "0.1.0", ...DEFAULT_SETTINGS, ...settings };
    this.core = new CoordinatorCore(given, { historyId: "h1", boot: 1, live: [], ...opened });
    this.#carryOut(this.core.start(this.#now));
  }

  get #now() {
    return { mono: this.mono, wall: 1_700_000_000_000 + this.mono };
  }

  step(event: CoreEvent): void {
    this.#carryOut(this.core.step(event, this.#now));
  }

  connect(scopes = { worker: true, client: true }): ConnectionId {
    const conn = `conn-${++this.#connections}` as ConnectionId;
    this.step({ type: "connectionOpened", conn, scopes, sessionId: `session-${conn}` });
    return conn;
  }

  receive(conn: ConnectionId, message: Message, contentHash = "hash"): void {
    this.step({
      type: "received",
      conn,
      message,
      isError: message.type === "Error",
      bytes: 100,
      contentHash,
    });
  }

  disconnect(conn: ConnectionId): void {
    this.step({ type: "connectionClosed", conn, reason: "gone" });
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
    hash?: string,
  ): void {
    this.receive(conn, { type: "Submit", request_id: 1, plan, ...more }, hash ?? plan.plan_id);
  }

  /** The worker's answer to its newest assignment. */
  answer(conn: ConnectionId, assigned: MessageOf<"AssignPlan">, data: unknown): void {
    this.receive(conn, resultMessage(assigned, success({ type: "Json", data: data as never })));
  }

  answerWrites(answer: WriteAnswer = { type: "done" }): void {
    for (const { write } of this.writes.splice(0))
      this.step({ type: "persistDone", write, answer });
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

  #carryOut(effects: readonly Effect[]): void {
    const writes: number[] = [];
    for (const effect of effects) {
      switch (effect.type) {
        case "send":
        case "sendBulk":
          this.sent.push({
            conn: effect.conn,
            message: effect.message,
            bulk: effect.type === "sendBulk",
          });
          break;
        case "close":
          this.closed.push({ conn: effect.conn, code: effect.code });
          break;
        case "wakeAt":
          this.wakeAt = effect.mono;
          break;
        case "persist":
          if (this.holdsWrites) this.writes.push({ write: effect.write, content: effect.content });
          else writes.push(effect.write);
          break;
        default:
          this.others.push(effect);
      }
    }
    for (const write of writes) this.step({ type: "persistDone", write, answer: { type: "done" } });
  }
}

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
