import type { Ready, Step } from "@planwire/plan";
import type { ExecutionState, OfferedFilter, WorkerHealth, WorkerStatus } from "@planwire/protocol";
import type { ChunkStream } from "./chunk-stream.js";
import type { Run } from "./run.js";
import type { SubmitOptions } from "./submit-options.js";

/** A plan in the wire's own form, as a file holds it. Checked when it is submitted; `plan_id` is made when absent. */
export interface PlanDocument {
  readonly plan_id?: string | undefined;
  readonly plan: unknown;
  readonly input?: unknown;
  readonly filters?: readonly unknown[] | null | undefined;
  /** Without a binding a node's id names its filter. */
  readonly bindings?: readonly PlanDocumentBinding[] | undefined;
  readonly mode?: unknown;
  readonly metadata?: unknown;
  /** What it asks of its execution, as SubmitOptions do, which go first. */
  readonly policy?: unknown;
}
interface PlanDocumentBinding {
  readonly node_id: string;
  readonly uses: string;
  readonly params?: unknown;
  readonly state?: unknown;
}

/** A connection to a coordinator. It comes back by itself when it is lost, until `close()`. */
export interface Planwire extends AsyncDisposable {
  /** Fits a plan's Trainable filters in order, each on what came through those before it. `y` are the labels. */
  fit<I, O, S, Y>(
    plan: Step<I, O, string, S, Y>,
    x: NoInfer<I>,
    ...y: unknown extends Y
      ? [y?: undefined, options?: SubmitOptions]
      : [y: NoInfer<Y>, options?: SubmitOptions]
  ): Promise<Run<{ output: O; states: S }>>;
  /**
   * Hands a plan in; resolves when the coordinator has accepted it.
   * @throws PlanwireError STATE_MISSING, VALUE_UNSUPPORTED, PLAN_REFUSED, NO_SUCH_FILTER, PLAN_ID_CONFLICT, QUEUE_FULL, CANCELLED, CLOSED
   */
  submit<I, O>(plan: Ready<I, O>, x: NoInfer<I>, options?: SubmitOptions): Promise<Run<O>>;
  submit(plan: PlanDocument, options?: SubmitOptions): Promise<Run<unknown>>;
  /** `submit`, then `result()`. */
  run<I, O>(plan: Ready<I, O>, x: NoInfer<I>, options?: SubmitOptions): Promise<O>;
  /** Sends chunks through a plan and gives their results in order. */
  stream<I, O>(
    plan: Ready<I, O>,
    source: AsyncIterable<NoInfer<I>> | Iterable<NoInfer<I>>,
    options?: SubmitOptions,
  ): ChunkStream<O>;
  stream(
    plan: PlanDocument,
    source: AsyncIterable<unknown> | Iterable<unknown>,
    options?: SubmitOptions,
  ): ChunkStream<unknown>;
  /** The run of an earlier submission, of any client. @throws PlanwireError PLAN_UNKNOWN */
  get(id: string): Promise<Run<unknown>>;
  /** Stops an execution without waiting for its end. `taken` is false when it had ended otherwise before. */
  cancel(id: string, reason?: string): Promise<CancelReply>;
  /** Why an execution is not done, or how it ended and what was tried. @throws PlanwireError PLAN_UNKNOWN */
  explain(id: string): Promise<Explanation>;
  /** The workers that are connected, or may come back to what they run. */
  workers(): Promise<WorkerInfo[]>;
  /**
   * Sends a worker away: it gets no new work, finishes what it holds, delivers the results and leaves. Resolves when it was told, or will
   * be as soon as it is back. Drained again, it answers the same.
   * @throws PlanwireError WORKER_UNKNOWN
   */
  drain(workerId: string, reason?: string): Promise<DrainReply>;
  /** A page of executions, newest first. */
  plans(query?: PlansQuery): Promise<PlansPage>;
  /** Ends the connection: whatever still waits for something gets CLOSED. Work that was accepted goes on. */
  close(): Promise<void>;
}

export interface Explanation {
  readonly state: ExecutionState;
  /** For people: a sentence each. */
  readonly reasons: readonly string[];
}

export interface CancelReply {
  readonly taken: boolean;
  readonly state: ExecutionState;
}

/** What a drained worker still has to finish. */
export interface DrainReply {
  readonly activePlans: number;
  readonly activeStreams: number;
}

export interface WorkerCalls {
  /** `inline`, `thread` or `process`. */
  readonly isolate: string;
  readonly inFlight: number;
  readonly completed: number;
  /** They threw, ran too long, or died with their isolate. */
  readonly errored: number;
}

export interface WorkerInfo {
  readonly id: string;
  readonly state: WorkerStatus;
  readonly slots: number;
  readonly activePlans: number;
  readonly activeStreams: number;
  readonly filters: readonly OfferedFilter[];
  readonly tags: readonly string[];
  /** It speaks the inherited wire and nothing more. */
  readonly inherited: boolean;
  readonly implementation?: string;
  readonly version?: string;
  readonly cpuCores: number;
  /** Milliseconds since its last sign of life. */
  readonly heartbeatAgeMs: number;
  readonly health: WorkerHealth;
  /** Milliseconds that it has been so; absent when it is ok. */
  readonly healthMs?: number;
  /** What that means, to be read after the worker's name; absent when it is ok. */
  readonly healthReason?: string;
  /** Slots taken by calls that could not be stopped, and by others. */
  readonly otherSlots: number;
  /** Calls of filters since it started, by where they ran; as of its last heartbeat. */
  readonly calls: readonly WorkerCalls[];
}

export interface PlansQuery {
  /** 1 to 1000; default 100. */
  readonly limit?: number;
  readonly state?: ExecutionState;
  /** The id of the last plan of the page before. */
  readonly before?: string;
}

export interface PlansPage {
  readonly plans: readonly PlanInfo[];
  /** All that match, whatever the limit. */
  readonly total: number;
}

export interface PlanInfo {
  readonly id: string;
  readonly name?: string;
  readonly kind: "plan" | "stream";
  readonly state: ExecutionState;
  /** Milliseconds since 1970. */
  readonly submittedAt: number;
  readonly finishedAt?: number;
  readonly attempts: number;
  readonly workerId?: string;
  readonly errorCode?: string;
}
