import type {
  CallCounts,
  Capabilities,
  ConnectionId,
  Credit,
  Death,
  Feature,
  Load,
  Message,
  OfferedFilter,
  Outcome,
  PlanEvent,
  PlanResult,
  PlanwireError,
  Register,
  SerializedPlan,
  StopHow,
  Value,
  ExecutionState,
  EventNumber,
} from "@planwire/protocol";
import type { Leaf, Stepper } from "@planwire/plan";
import type { Change, Opened, StoredCut } from "../store/store.js";
import type { Effect } from "./effect.js";
import type { Now, Scopes } from "./event.js";
import type { Lane, Needs, WorkerGroup } from "./lane-state.js";
import type { Settings } from "./settings.js";

import type { Task } from "./task.js";
import type { Timer, Timers } from "./timers.js";
import type { Behind, EventRing, Watcher } from "./watch-state.js";

export type { Lane, Needs, WorkerGroup };

/** All that the coordinator knows: plain data, changed by `step` alone. */
export interface CoreState {
  readonly settings: Settings;
  readonly historyId: string;
  readonly boot: number;
  /** Of what a restart took up, all events before it. */
  readonly lostBefore: NonNullable<EventRing["lost"]>;
  readonly connections: Map<ConnectionId, Connection>;
  /** Connections that may not have said who they are, oldest first, and until when they have to. */
  readonly newcomers: Map<ConnectionId, number>;
  /** By worker id; one whose socket is lost stays until its lease ends. */
  readonly workers: Map<string, WorkerSession>;
  /** By plan_id: all that live, and those that ended lately. */
  readonly executions: Map<string, Execution>;
  /** Executions whose end is written and that are still in `executions`, oldest end first, with the bytes that they take. */
  readonly ended: Map<string, number>;
  endedBytes: number;
  /** Bytes of plans and results of all others. */
  liveBytes: number;
  /** By stream_id. */
  readonly streams: Map<string, StreamRun>;
  readonly lanes: Map<string, Lane>;
  /** Those whose parts must run on one certain worker, by its id. */
  readonly lanesByWorker: Map<string, Set<Lane>>;
  /** By what their workers offer. */
  readonly groups: Map<string, WorkerGroup>;
  /** Parts in all lanes. */
  queued: number;
  /** When executions must have ended, by the wall clock. */
  readonly deadlines: Timers<Execution>;
  /** When parts are tried again, by the monotonic clock. */
  readonly backoffs: Timers<Part>;
  /** Kind of every filter that a worker ever offered in this history, by name and by name@version; of very many the latest. */
  readonly everOffered: Map<string, OfferedFilter["kind"]>;
  /** A lease after the start, where this goes on for an earlier coordinator: until then its workers may come back, with filters unknown here. */
  comingBackUntil: number;
  readonly writes: Map<number, Execution>;
  readonly loads: Map<number, Waiting>;
  readonly lists: Map<number, { conn: ConnectionId; requestId: number }>;
  /** Executions with changes that no write carries yet. */
  readonly unwritten: Set<Execution>;
  /** Executions of which a write failed and is to be tried again, and why it failed. */
  readonly retries: Map<Execution, string>;
  lastNumber: { write: number; question: number; event: number; part: number };
  /** When the next sweep over leases is due; it runs once a second while there is anything to sweep. */
  sweepAt: number | undefined;
  /** When the writes that failed are tried again. */
  retryAt: number | undefined;
  /** When the store is next asked to remove what has been kept long enough; undefined while it does so. */
  pruneAt: number | undefined;
  pruning: number | undefined;
  /** When the earliest deadline is looked at, and which it is. */
  deadlineCheck: { of: number; mono: number } | undefined;
  /** When clients are looked at that say nothing. */
  clientsAt: number | undefined;
  wakeAt: number | undefined;
}

export interface Connection {
  readonly id: ConnectionId;
  readonly scopes: Scopes;
  readonly sessionId: string;
  /** `contending`: it registered under an id that another process has, and waits for what that one does. */
  phase: "new" | "contending" | "client" | "worker" | "closing";
  workerId: string | undefined;
  features: ReadonlySet<Feature>;
  /** Ids of the executions it watches. */
  readonly watches: Set<string>;
  /** It reads slowly: what it watches is told later. */
  blocked: boolean;
  /** Executions of which it has something to be told later. */
  readonly behind: Map<string, Behind>;
  /** Ids of the streams it began. */
  readonly streams: Set<string>;
  /** Questions to the store that are not answered yet. */
  questions: number;
  /** Messages that came since Registered or Welcome. */
  heard: number;
  /** When anything came. */
  lastHeard: number;
  /** Messages that were sent since then: an assignment's number among them is what books are compared by. */
  said: number;
  /** A stream frame came since the last heartbeat: more may be on their way. */
  heardBulk: boolean;
  /** Messages that could not be understood. */
  broken: number;
}

export interface WorkerSession {
  readonly workerId: string;
  /** Random per process; undefined for a peer of the inherited wire. */
  incarnation: string | undefined;
  /** Undefined while its socket is lost and its lease runs. */
  conn: ConnectionId | undefined;
  /** Of its process's connections the newest that registered, as the process counts them; 0 where it does not. */
  newest: number;
  /** It announced no feature: it gets nothing that is not in the inherited wire. */
  inherited: boolean;
  features: ReadonlySet<Feature>;
  capabilities: Capabilities | undefined;
  implementation: string | undefined;
  version: string | undefined;
  slots: number;
  offered: readonly OfferedFilter[];
  /** Names, and names with version, of what it offers. */
  filters: ReadonlySet<string>;
  tags: ReadonlySet<string>;
  draining: boolean;
  /** Why it was sent away, if it was: it is told again when it comes back. */
  dismissed: string | undefined;
  /** It answered Busy: others use its slots; until its next result or heartbeat. */
  full: boolean;
  /** Slots taken by what is not in `held`: calls that could not be stopped, and work of others. */
  otherSlots: number;
  /** By its last heartbeat. */
  calls: readonly CallCounts[];
  load: Load | undefined;
  /** Heartbeats were announced or seen: only then does silence mean anything. */
  heartbeats: boolean;
  lastSeen: number;
  /** When its socket was lost, while its lease runs. */
  lostAt: number | undefined;
  /** It left assignments unhandled, and was asked for a sign that it handles anything: until it gives one, or is closed. */
  deaf: { since: number; readonly said: number } | undefined;
  /** It was pinged in the silence that goes on. */
  pinged: boolean;
  /** Since when its main thread has not answered. */
  blockedSince: number | undefined;
  /** What it has been given and has not answered, by part id. */
  readonly held: Map<string, Holding>;
  /** Undefined while it is not registered. */
  group: WorkerGroup | undefined;
  /** The suspect that it runs alone, or is kept for; what an earlier one left here means nothing. */
  keptFor: Part | undefined;
  /** Another process that wants this id, while the old socket is asked for a sign of life. */
  rival: { conn: ConnectionId; register: Register; until: number } | undefined;
}

export interface Holding {
  readonly planId: string;
  readonly partId: string;
  readonly attempt: number;
  /** Of the process that it was given to. */
  readonly incarnation: string | undefined;
  readonly kind: "plan" | "stream";
  readonly streamId: string | undefined;
  /** A suspect, which has its worker to itself. */
  readonly alone: boolean;
  started: boolean;
  /** That it has started is in the store, or on its way there. */
  isRecorded: boolean;
  /** Number of its assignment among the messages of the worker's connection; undefined until that has left. */
  number: number | undefined;
  /** Heartbeats in a row that came without a sign of it. */
  missed: number;
  /** Its worker was told to stop it, or will be as soon as it is back: lost, it is not tried again. */
  stopping: boolean;
  /** Its answer changes nothing any more; the slot is taken until it comes. */
  abandoned: boolean;
}

export interface Execution {
  readonly planId: string;
  readonly kind: "plan" | "stream";
  readonly plan: SerializedPlan;
  /** Of the frames that its plan and its results came in. */
  bytes: number;
  readonly name: string | undefined;
  readonly submittedAt: number;
  finishedAt: number | undefined;
  state: ExecutionState;
  /** Of the last write that was answered. */
  version: number;
  /** The write under way, and what goes with the next one: one write at a time for each execution. */
  writing: PendingWrite | undefined;
  next: PendingWrite | undefined;
  cut: StoredCut | undefined;
  /** The cut is in the store, or on its way there. */
  cutIsWritten: boolean;
  /** Absent while the plan is one part. */
  stepper: Stepper<Value> | undefined;
  /** Parts that have not ended, by part id. */
  readonly parts: Map<string, Part>;
  attempts: number;
  lastWorker: string | undefined;
  cancelledBy: string | undefined;
  /** Its deadline stops it, not somebody's cancel. */
  expired: boolean;
  deadline: Timer<Execution> | undefined;
  /** The hardest way in which one of its parts was stopped. */
  stoppedHow: StopHow | undefined;
  outcome: Outcome | undefined;
  streamId: string | undefined;
  /** It was accepted before this coordinator's start. */
  isRecovered: boolean;
  /** Which event said that it was accepted; the second half of its number. That event holds nothing else, and is made again when asked for. */
  acceptedAs: number | undefined;
  /** Of all other events; absent while there are none. */
  events: EventRing | undefined;
  /** Absent while nobody watches. Few watch one execution, and a Map for one takes twice the room. */
  watchers: Watcher[] | undefined;
}

export interface PendingWrite {
  readonly changes: Change[];
  /** What happens once it is durable, in this order. */
  afterwards: Deferred[];
  /** Who asked, while the write accepts the execution. */
  asker: Asker | undefined;
}

export type Asker =
  | { readonly kind: "submit"; readonly conn: ConnectionId; readonly requestId: number }
  | { readonly kind: "stream"; readonly conn: ConnectionId; readonly streamId: string };

/** What waits for a write. Plain data, so that the whole state is. */
export type Deferred =
  | { readonly do: "emit"; readonly effect: Effect }
  | { readonly do: "publish"; readonly event: PlanEvent["event"]; readonly at: number }
  | { readonly do: "answer"; readonly waiting: Waiting };

/** A client's question about an execution. */
export type Waiting =
  | {
      readonly kind: "get";
      readonly conn: ConnectionId;
      readonly requestId: number;
      readonly planId: string;
    }
  | {
      readonly kind: "watch";
      readonly conn: ConnectionId;
      readonly requestId: number | undefined;
      readonly planId: string;
      readonly from: EventNumber | undefined;
      readonly onlyOutcome: boolean;
      /** It was answered, and is to be told later what it has missed: it waits for the execution that this id stands for in the end. */
      readonly catchesUp?: true;
    }
  | {
      readonly kind: "cancel";
      readonly conn: ConnectionId;
      readonly requestId: number;
      readonly planId: string;
      readonly by: string;
    }
  /** A submission that would be refused, unless it was accepted before. */
  | {
      readonly kind: "submit";
      readonly conn: ConnectionId;
      readonly requestId: number;
      readonly planId: string;
      readonly plan: SerializedPlan;
      readonly refusal: PlanwireError;
    }
  | {
      readonly kind: "explain";
      readonly conn: ConnectionId;
      readonly requestId: number;
      readonly planId: string;
    };

/** A largest subtree that one worker runs whole, while it has no outcome. */
export interface Part {
  readonly partId: string;
  readonly execution: Execution;
  /** Absent when the part is the whole plan. */
  readonly leaf: Leaf<Value> | undefined;
  readonly plan: SerializedPlan;
  /** Shared with its lane. */
  needs: Needs;
  /** Order of arrival; a part that was lost keeps its place. */
  readonly order: number;
  attempt: number;
  /** Undefined while it is queued, or waits for its next try. */
  workerId: string | undefined;
  /** What became of earlier attempts; absent while there are none. */
  setbacks: Setbacks | undefined;
}

/** Attempts of a part that came to nothing, and what that means for the next one. */
export interface Setbacks {
  /** Those that cost a try. */
  tries: number;
  /** Those whose worker died before they started, as far as was heard. */
  unstarted: number;
  /** Isolates and workers that died under it. */
  readonly deaths: Death[];
  /** Its last worker, which another one is preferred to. */
  lastWorker: string;
  reason: string;
  /** One of several that a worker may have died of: its next try has the worker to itself. */
  alone: boolean;
  /** The worker that is kept for it, while it waits to run alone. */
  keeper: WorkerSession | undefined;
  /** Until it is tried again; it is in no lane then. */
  backoff: Timer<Part> | undefined;
}

export interface StreamRun {
  readonly streamId: string;
  readonly execution: Execution;
  readonly client: ConnectionId;
  worker: WorkerSession | undefined;
  phase: "queued" | "begun" | "flowing" | "ended";
  readonly input: { granted: Credit; sent: Credit; ended: boolean };
  readonly results: { granted: Credit; sent: Credit };
  /** Towards a peer that knows no credit: chunks sent there and not answered (their bytes), and answers the client has no credit for. */
  readonly inFlight: number[];
  readonly waiting: { message: Message; bytes: number }[];
  completed: PlanResult | undefined;
}

/** One step: the state it changes, the time it happens at, the effects it has. */
export interface Turn {
  readonly state: CoreState;
  readonly now: Now;
  readonly out: Effect[];
  /** What follows from what was decided, done in this order before the step ends. */
  readonly agenda: Task[];
}

export function createState(settings: Settings, opened: Opened): CoreState {
  return {
    settings,
    historyId: opened.historyId,
    boot: opened.boot,
    lostBefore: { from: [1, 1], to: [opened.boot, 0] },
    connections: new Map(),
    newcomers: new Map(),
    workers: new Map(),
    executions: new Map(),
    ended: new Map(),
    endedBytes: 0,
    liveBytes: 0,
    streams: new Map(),
    lanes: new Map(),
    lanesByWorker: new Map(),
    groups: new Map(),
    queued: 0,
    deadlines: [],
    backoffs: [],
    everOffered: new Map(),
    comingBackUntil: -Infinity,
    writes: new Map(),
    loads: new Map(),
    lists: new Map(),
    unwritten: new Set(),
    retries: new Map(),
    lastNumber: { write: 0, question: 0, event: 0, part: 0 },
    sweepAt: undefined,
    retryAt: undefined,
    pruneAt: undefined,
    pruning: undefined,
    deadlineCheck: undefined,
    clientsAt: undefined,
    wakeAt: undefined,
  };
}
