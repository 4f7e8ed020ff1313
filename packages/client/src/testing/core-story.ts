import type { EventNumber, ExecutionEvent, Message, SerializedPlan } from "@planwire/protocol";
import type { Effect } from "../core/effects.js";
import type { ClientEvent } from "../core/events.js";
import { createState, type ClientState, type Settings } from "../core/state.js";
import { step } from "../core/step.js";

export const SETTINGS: Settings = {
  implementation: "test",
  version: "0",
  features: ["batch", "errors"],
  firstConnectionMs: 5_000,
  handshakeMs: 2_000,
  backoff: { firstMs: 100, longestMs: 1_000 },
  maxRequests: 3,
  maxStreams: 2,
  resultWindow: { bytes: 1_000, chunks: 8 },
};

/** A client's core, and a clock that tests turn. */
export class CoreStory {
  readonly state: ClientState;
  mono = 0;

  constructor(settings: Partial<Settings> = {}) {
    this.state = createState({ ...SETTINGS, ...settings });
  }

  event(event: ClientEvent): Effect[] {
    return step(this.state, event, { mono: this.mono });
  }

  /** A message on the newest connection. */
  message(message: Message, bytes = 0): Effect[] {
    const connection = this.state.session.lastConnection;
    return this.event({ type: "received", connection, message, bytes });
  }

  /** Opens a connection and greets on it; gives what the Welcome caused. */
  welcome(historyId = "h1", chunkBytes = 100): Effect[] {
    if (this.state.session.phase.name === "idle") this.event({ type: "connect" });
    if (this.state.session.phase.name === "waiting") this.wake();
    this.event({ type: "openSocketDone", connection: this.state.session.lastConnection });
    return this.message({
      type: "Welcome",
      history_id: historyId,
      coordinator_id: "c1",
      protocol_version: 1,
      version: "0",
      limits: { frame_bytes: 10_000, chunk_bytes: chunkBytes },
      features: ["batch"],
    });
  }

  /** The connection breaks. */
  cut(): Effect[] {
    const connection = this.state.session.lastConnection;
    const loss = { closeCode: 1006, reason: "", detail: "cut" };
    return this.event({ type: "socketClosed", connection, random: 1, ...loss });
  }

  /** Lets the time pass that the core asked for. */
  wake(): Effect[] {
    this.mono = this.state.session.wakeAt ?? this.mono;
    return this.event({ type: "wakeAtDone", random: 1 });
  }

  /** The newest Watch of this plan is answered. */
  watching(planId: string): Effect[] {
    const request_id = this.state.watches.get(planId)?.requestId ?? 0;
    return this.message({ type: "Watching", request_id, plan_id: planId, state: "Running" });
  }

  finished(planId: string, number: EventNumber = [1, 9]): Effect[] {
    return this.planEvent(planId, number, FINISHED);
  }

  planEvent(planId: string, number: EventNumber, event: ExecutionEvent): Effect[] {
    return this.message({ type: "PlanEvent", plan_id: planId, number, at: 0, event });
  }
}

export const FINISHED = {
  kind: "Finished",
  outcome: {
    status: "Succeeded",
    output: { type: "Empty" },
    states: {},
    attempts: 1,
    duration_ms: 1,
  },
} as const satisfies ExecutionEvent;

export function planOf(planId: string): SerializedPlan {
  return { plan_id: planId, plan: "Empty", metadata: {} };
}

/** The messages that are sent. */
export function sent(effects: readonly Effect[]): Message[] {
  return effects.flatMap((effect) => (effect.type === "send" ? [effect.message] : []));
}
