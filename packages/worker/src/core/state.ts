import type { End, Stepper } from "@planwire/plan";
import type {
  Capabilities,
  Credit,
  Feature,
  PlanResultMessage,
  SerializedPlan,
  Value,
  WireError,
  WorkerEvent,
} from "@planwire/protocol";
import type { ReturnedCalls } from "./call-counts.js";
import type { Effect, Refusal } from "./effect.js";
import type { Now } from "./event.js";
import type { CallId, FilterOffer } from "./filter-call.js";
import type { Offers, PlanProgram } from "./offers.js";
import type { Settings } from "./settings.js";

/** Everything that a worker knows. Plain data; changed by the functions beside this file only, inside one step. */
export interface WorkerState {
  readonly settings: Settings;
  readonly offers: Offers;
  capabilities: Capabilities;
  session: Session;
  /** Attempts assigned and not finished, by part id. */
  readonly plans: Map<string, PlanRun>;
  /** Those of `plans` that wait for a slot, oldest first. */
  readonly waiting: PlanRun[];
  readonly streams: Map<string, StreamRun>;
  /** Who holds a slot: a stopped run, too, until its last call has returned. */
  readonly slots: Set<Run>;
  readonly calls: Map<CallId, Call>;
  /** Those of `calls` that have a deadline. */
  readonly timed: Set<Call>;
  /** Results that the coordinator has not acknowledged, by part id. */
  readonly unacknowledged: Map<string, FinishedPart>;
  unacknowledgedBytes: number;
  readonly returned: ReturnedCalls;
  readonly untold: Untold;
  /** Offers that the coordinator has not confirmed. */
  openOffers: OpenOffer[];
  /** Why no new work is taken. */
  draining: string | undefined;
  nextCall: CallId;
  /** What the shell's timer is set to. */
  wakeAt: number | undefined;
}

export type SessionPhase =
  /** Not started, or left for good. */
  "idle" | "connecting" | "registering" | "registered" | "waiting" | "left";

export interface Session {
  phase: SessionPhase;
  /** Counts the connections tried. */
  connection: number;
  /** When registering takes too long, or the next connection is due. */
  deadline: number | undefined;
  /** Connections that failed in a row. */
  failures: number;
  /** What the coordinator said instead of Registered. */
  refusal: Refusal | undefined;
  /** Why it does not work, as it was last told: the same reason is not told for each of a thousand tries. */
  told: string | undefined;
  /** What Register said has changed before it was answered. */
  outdated: boolean;
  features: ReadonlySet<Feature>;
  historyId: string | undefined;
  frameBytes: number;
  chunkBytes: number;
  heartbeatIntervalMs: number;
  heartbeatTimeoutMs: number;
  /** Number of the coordinator's last message handled on this connection. */
  handled: number;
  heartbeatAt: number | undefined;
  heartbeatsSent: number;
  heartbeatsAcked: number;
  /** Slots taken by what is in no book, as the last heartbeat told it. */
  otherSlotsTold: number;
  /** Without an ack until then the connection counts as dead. */
  ackBy: number | undefined;
}

/** What runs have to tell, and by when. */
export interface Untold {
  readonly started: Set<PlanRun>;
  startedAt: number | undefined;
  /** Runs whose `untold` is not empty. */
  readonly events: Set<PlanRun>;
  eventsAt: number | undefined;
}

export interface OpenOffer {
  readonly offer: number;
  /** The heartbeat whose ack says that the Register before it was handled. */
  readonly heartbeat: number;
}

/** What holds a slot and runs calls. */
export type Run = PlanRun | StreamRun;

/** One attempt of a part. */
export interface PlanRun {
  readonly kind: "plan";
  readonly partId: string;
  readonly attempt: number;
  readonly plan: SerializedPlan;
  phase: "assigned" | "running" | "ended";
  startedAt: number;
  toldStarted: boolean;
  /** What happened in it and waits to be told. */
  readonly untold: WorkerEvent[];
  walk: Walk | undefined;
  /** Calls that have not returned, abandoned ones too. */
  openCalls: number;
  /** Nobody wants its result: a newer attempt is here, or the coordinator's history is another one. */
  unwanted: boolean;
}

/** One stream. Its chunks are numbered from 0, in the order of their arrival. */
export interface StreamRun {
  readonly kind: "stream";
  readonly streamId: string;
  /** The execution's id. */
  readonly partId: string;
  readonly attempt: number;
  readonly plan: SerializedPlan;
  readonly program: PlanProgram;
  readonly startedAt: number;
  phase: "running" | "failing" | "cancelling" | "ended";
  /** The first chunk that failed, and why. */
  failure: { readonly index: number; readonly error: WireError } | undefined;
  /** Chunks under way at a time. */
  readonly width: number;
  /** Chunks that came and wait to be run, oldest first. */
  waiting: Chunk[];
  readonly walks: Map<number, Walk>;
  /** Results that wait for the ones before them, or for credit: encoded. */
  readonly results: Map<number, { readonly frame: Uint8Array; readonly inputBytes: number }>;
  heldBytes: number;
  received: Credit;
  /** Chunks whose results are sent: what input credit is granted by. */
  consumed: Credit;
  granted: Credit;
  sent: Credit;
  /** Credit for results; undefined towards a peer without credit. */
  outCredit: Credit | undefined;
  inputEnded: boolean;
  /** The hardest way in which one of its calls was stopped. */
  stopped: StopHow | undefined;
  openCalls: number;
  /** Nobody reads its results any more. */
  unwanted: boolean;
}

export interface Chunk {
  readonly index: number;
  readonly value: Value;
  readonly bytes: number;
}

/** One way through a plan: a part's, or one chunk's. */
export interface Walk {
  readonly run: Run;
  /** Of a stream's chunk. */
  readonly chunk: Chunk | undefined;
  readonly stepper: Stepper<Value>;
  readonly program: PlanProgram;
  readonly y: Value | undefined;
  /** Calls under way, by leaf. */
  readonly calls: Map<string, Call>;
  /** The hardest way in which one of its calls was stopped. */
  stopped: StopHow | undefined;
}
export type StopHow = "signal" | "killed" | "abandoned";
export type WalkEnd = End<Value>;

export interface Call {
  readonly id: CallId;
  readonly walk: Walk;
  readonly leaf: string;
  readonly nodeId: string;
  readonly op: "fit" | "forward";
  readonly filter: FilterOffer;
  phase: "waiting" | "running" | "stopping" | "killing" | "abandoned";
  stopFor: "cancel" | "timeout" | undefined;
  startedAt: number;
  /** When it is stopped (running), killed or abandoned (stopping). */
  deadline: number | undefined;
}

export interface FinishedPart {
  readonly attempt: number;
  readonly message: PlanResultMessage;
  readonly bytes: number;
  /** Heartbeats that had been sent on this connection when it was: an ack of a later one says that it was handled. */
  sentAfter: number | undefined;
}

/** One step: its time, and what came of it. */
export class Turn {
  readonly now: Now;
  readonly effects: Effect[] = [];

  constructor(now: Now) {
    this.now = now;
  }

  emit(effect: Effect): void {
    this.effects.push(effect);
  }
}
