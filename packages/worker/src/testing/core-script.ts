import {
  decodeFrame,
  FEATURES,
  isUntypedReply,
  type ExecutionPlan,
  type Message,
  type MessageOf,
  type MessageType,
  type Registered,
  type Value,
} from "@planwire/protocol";
import { WorkerCore } from "../core/core.js";
import type { Effect } from "../core/effect.js";
import type { CoreEvent } from "../core/event.js";
import type { CallOutcome, FilterCall, FilterOffer } from "../core/filter-call.js";
import { brokenInvariants } from "../core/invariants.js";
import { DEFAULTS, type Settings } from "../core/settings.js";

type EffectOf<T extends Effect["type"]> = Extract<Effect, { type: T }>;

export function offerOf(name: string, more: Partial<FilterOffer> = {}): FilterOffer {
  return { name, kind: "Stateless", streamMode: "FixedState", isolate: "thread", ...more };
}

/**
 * Drives a core by events alone, on a clock of its own: events in, effects out, each effect taken once. Messages pass through the real
 * codec. Rare states are reached the way they are in life.
 */
export class CoreScript {
  readonly core: WorkerCore;
  mono = 0;
  #effects: Effect[] = [];
  #wakeAt: number | undefined;
  #connection = 0;

  constructor(settings: Partial<Settings> = {}) {
    this.core = new WorkerCore({
      ...DEFAULTS,
      url: "ws://coordinator",
      workerId: "w1",
      incarnation: "i1",
      version: "1.0.0",
      slots: 2,
      ...settings,
    });
  }

  feed(event: CoreEvent): void {
    const before = this.#effects.length;
    this.#effects.push(...this.core.step(event, { mono: this.mono, wall: this.mono }));
    for (const effect of this.#effects.slice(before)) {
      if (effect.type === "wakeAt") this.#wakeAt = effect.mono;
      if (effect.type === "connect") this.#connection = effect.connection;
    }
    this.#drop("wakeAt");
    const broken = brokenInvariants(this.core.state);
    if (broken.length > 0) throw new Error(`after ${event.type}: ${broken.join("; ")}`);
  }

  /** Loads filters, connects and registers. What that sends is taken. */
  start(filters: readonly FilterOffer[] = [], registered: Partial<Registered> = {}): void {
    const capabilities = { cpu_cores: 2, ram_bytes: 1024, gpus: [], python_envs: [], tags: [] };
    this.feed({ type: "start", filters, capabilities });
    this.connect(registered);
    this.forget();
  }

  /** The connection that was asked for opens, and the coordinator registers the worker. */
  connect(registered: Partial<Registered> = {}): void {
    this.feed({ type: "connectDone", connection: this.#connection });
    this.register(registered);
  }

  register(registered: Partial<Registered> = {}): void {
    this.receive({
      type: "Registered",
      worker_id: "w1",
      history_id: "h1",
      heartbeat_interval_ms: 10_000,
      heartbeat_timeout_ms: 30_000,
      features: [...FEATURES],
      ...registered,
    });
  }

  lose(reason = "cut", status?: number): void {
    const end = { reason, ...(status !== undefined && { status }) };
    this.feed({ type: "connectionLost", connection: this.#connection, end, random: 0.5 });
  }

  receive(message: Message, bytes = 100): void {
    this.feed({ type: "received", connection: this.#connection, message, bytes });
  }

  /** Assigns a plan, or the one node of a filter. */
  assign(what: string | Exclude<ExecutionPlan, "Empty">, id = "p1", attempt = 1): void {
    const plan = typeof what === "string" ? { Execute: { node_id: what } } : what;
    const input = { source: "Inline", value: json(1) } as const;
    this.receive({
      type: "AssignPlan",
      attempt,
      plan: { plan_id: id, plan, input, metadata: {} },
    });
  }

  /** How long the main thread has not answered, as heartbeats find it. */
  mainBlockedMs: number | undefined;

  /** Time passes; timers fire on the way. */
  pass(ms: number): void {
    const until = this.mono + ms;
    while (this.#wakeAt !== undefined && this.#wakeAt <= until) {
      this.mono = Math.max(this.mono, this.#wakeAt);
      this.#wakeAt = undefined;
      this.feed({ type: "wakeAtDone", random: 0.5 });
      if (this.has("sampleLoad")) {
        this.take("sampleLoad");
        const load = { cpu_usage: 0.5, memory_usage: 0.25, gpu_usage: [] };
        this.feed({ type: "sampleLoadDone", load, mainBlockedMs: this.mainBlockedMs });
      }
    }
    this.mono = until;
  }

  has(type: Effect["type"]): boolean {
    return this.#effects.some((effect) => effect.type === type);
  }

  take<T extends Effect["type"]>(type: T): EffectOf<T> {
    const index = this.#effects.findIndex((effect) => effect.type === type);
    if (index === -1) throw new Error(`no ${type} among ${this.#story()}`);
    return this.#effects.splice(index, 1)[0] as EffectOf<T>;
  }

  /** The next message of a type that was sent, in whichever way. */
  sent<T extends MessageType>(type: T): MessageOf<T> {
    for (const [index, effect] of this.#effects.entries()) {
      const message = messageIn(effect);
      if (message?.type !== type) continue;
      this.#effects.splice(index, 1);
      return message as MessageOf<T>;
    }
    throw new Error(`no ${type} was sent among ${this.#story()}`);
  }

  /** Begins the next call that the core started. */
  begin(): FilterCall {
    const { call } = this.take("startCall");
    this.feed({ type: "startCallDone", call: call.call });
    return call;
  }

  end({ call }: Pick<FilterCall, "call">, outcome: CallOutcome = done(1)): void {
    this.feed({ type: "callDone", call, outcome });
  }

  /** Forgets the effects so far. */
  forget(): void {
    this.#effects = [];
  }

  expectNothingMore(): void {
    if (this.#effects.length > 0) throw new Error(`left over: ${this.#story()}`);
  }

  #drop(type: Effect["type"]): void {
    this.#effects = this.#effects.filter((effect) => effect.type !== type);
  }

  #story(): string {
    return this.#effects
      .map((effect) => `${effect.type} ${messageIn(effect)?.type ?? ""}`.trim())
      .join(", ");
  }
}

export function done(data: number | string): CallOutcome {
  return { status: "done", value: json(data) };
}

export function failed(message: string): CallOutcome {
  return { status: "failed", error: { code: "FILTER_ERROR", message, retryable: false } };
}

export function json(data: number | string): Value {
  return { type: "Json", data };
}

function messageIn(effect: Effect): Message | undefined {
  if (effect.type === "send") return effect.message;
  if (effect.type !== "sendFrame" && effect.type !== "sendBulk") return undefined;
  const [decoded] = decodeFrame(effect.frame);
  if (decoded?.ok && !isUntypedReply(decoded.message)) return decoded.message;
  throw new Error("a frame that can't be read was sent");
}
