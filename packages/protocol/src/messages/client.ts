import * as z from "zod/mini";
import { AnyId } from "../ids.js";
import { Cause, StopHow } from "../result.js";
import { JsonValue } from "../schema/json-value.js";
import { Count } from "../schema/numbers.js";
import { object } from "../schema/object.js";
import { SentPlan } from "../sent-plan.js";
import { Value } from "../value.js";
import { WorkerEvent } from "../worker-event.js";
import { CallCounts, OfferedFilter, WorkerStatus } from "./from-worker.js";
import { AnnouncedLimits } from "./to-worker.js";

const request = { request_id: Count };

/** Opens a client's connection, as Register opens a worker's. */
export const Hello = object({
  type: z.literal("Hello"),
  protocol_version: Count,
  implementation: z.string(),
  version: z.string(),
  features: z.array(z.string()),
});
export type Hello = z.infer<typeof Hello>;
export const Welcome = object({
  type: z.literal("Welcome"),
  history_id: z.string(),
  coordinator_id: z.string(),
  protocol_version: Count,
  version: z.string(),
  limits: AnnouncedLimits,
  features: z.array(z.string()),
});
export type Welcome = z.infer<typeof Welcome>;

/** Number of an event: the coordinator's start count, and a count within it. */
export const EventNumber = z.tuple([Count, Count]);
export type EventNumber = z.infer<typeof EventNumber>;

export const Submit = object({
  type: z.literal("Submit"),
  ...request,
  plan: SentPlan,
  /** Watch it from its first event on, as if a Watch followed. */
  watch: z.optional(z.boolean()),
  only_outcome: z.optional(z.boolean()),
  /** Nobody waits for Accepted itself: it may travel with the outcome, when that comes soon. */
  accepted_may_wait: z.optional(z.boolean()),
});
export type Submit = z.infer<typeof Submit>;
/** The submission is written. `existing` when the same plan_id and content was accepted before. */
export const Accepted = object({
  type: z.literal("Accepted"),
  ...request,
  plan_id: AnyId,
  history_id: z.string(),
  coordinator_id: z.string(),
  existing: z.boolean(),
});
export type Accepted = z.infer<typeof Accepted>;

export const ExecutionState = z.enum([
  "Queued",
  "Running",
  "Cancelling",
  "Succeeded",
  "Failed",
  "Cancelled",
]);
export type ExecutionState = z.infer<typeof ExecutionState>;
export function isTerminal(state: ExecutionState): state is TerminalState {
  return state === "Succeeded" || state === "Failed" || state === "Cancelled";
}
export type TerminalState = "Succeeded" | "Failed" | "Cancelled";

/** An error as it travels: see ERRORS for the codes. */
export const WireError = object({
  code: z.string(),
  message: z.string(),
  retryable: z.boolean(),
  node_id: z.optional(z.string()),
  /** Where in the message or plan, e.g. `plan.Sequence[1].Execute.node_id`. */
  path: z.optional(z.string()),
  expected: z.optional(z.string()),
  hint: z.optional(z.string()),
  details: z.optional(JsonValue),
  cause: z.optional(Cause),
});
export type WireError = z.infer<typeof WireError>;

/** How an execution ended. */
export const Outcome = z.discriminatedUnion("status", [
  object({
    status: z.literal("Succeeded"),
    output: Value,
    states: z.record(z.string(), Value),
    worker_id: z.optional(z.string()),
    attempts: Count,
    duration_ms: Count,
  }),
  object({
    status: z.literal("Failed"),
    error: WireError,
    worker_id: z.optional(z.string()),
    attempts: Count,
    duration_ms: Count,
  }),
  object({
    status: z.literal("Cancelled"),
    by: z.string(),
    /** False when a call could not be stopped and still runs, or nobody knows whether it does. */
    stopped: z.boolean(),
    /** The hardest way in which one of its parts was stopped. */
    how: z.optional(StopHow),
    worker_id: z.optional(z.string()),
    attempts: Count,
    duration_ms: Count,
  }),
]);
export type Outcome = z.infer<typeof Outcome>;

/** What happened to an execution. Worker events carry the part and attempt they came from. */
export const ExecutionEvent = z.discriminatedUnion("kind", [
  object({ kind: z.literal("Accepted") }),
  object({
    kind: z.literal("AttemptStarted"),
    part_id: AnyId,
    attempt: Count,
    worker_id: z.string(),
  }),
  object({
    kind: z.literal("AttemptLost"),
    part_id: AnyId,
    attempt: Count,
    worker_id: z.string(),
    reason: z.string(),
  }),
  object({ kind: z.literal("CancelRequested"), by: z.string() }),
  object({
    kind: z.literal("Worker"),
    part_id: AnyId,
    attempt: Count,
    worker_id: z.string(),
    event: WorkerEvent,
  }),
  object({ kind: z.literal("EventsLost"), from: EventNumber, to: EventNumber }),
  object({ kind: z.literal("Finished"), outcome: Outcome }),
]);
export type ExecutionEvent = z.infer<typeof ExecutionEvent>;

/**
 * Asks for an execution's events after `from` (all that are kept, when absent), and those to come. It replaces the connection's
 * earlier watch of that execution. The watch ends with `Finished`.
 */
export const Watch = object({
  type: z.literal("Watch"),
  ...request,
  plan_id: AnyId,
  from: z.optional(EventNumber),
  /** Of all events only `Finished` is wanted: what a client that merely waits for a result asks for. */
  only_outcome: z.optional(z.boolean()),
});
export type Watch = z.infer<typeof Watch>;
export const Unwatch = object({ type: z.literal("Unwatch"), plan_id: AnyId });
export const Watching = object({
  type: z.literal("Watching"),
  ...request,
  plan_id: AnyId,
  state: ExecutionState,
});
export const PlanEvent = object({
  type: z.literal("PlanEvent"),
  plan_id: AnyId,
  number: EventNumber,
  /** Milliseconds since 1970, by the coordinator's clock; for display. */
  at: z.number(),
  event: ExecutionEvent,
});
export type PlanEvent = z.infer<typeof PlanEvent>;

/** A summary of one execution, for lists. */
export const ExecutionSummary = object({
  plan_id: AnyId,
  name: z.optional(z.string()),
  kind: z.enum(["plan", "stream"]),
  state: ExecutionState,
  submitted_at: z.number(),
  finished_at: z.optional(z.number()),
  attempts: Count,
  worker_id: z.optional(z.string()),
  error_code: z.optional(z.string()),
});
export type ExecutionSummary = z.infer<typeof ExecutionSummary>;

export const Get = object({ type: z.literal("Get"), ...request, plan_id: AnyId });
export const Got = object({
  type: z.literal("Got"),
  ...request,
  summary: ExecutionSummary,
  outcome: z.optional(Outcome),
});
export type Got = z.infer<typeof Got>;

export const Cancel = object({
  type: z.literal("Cancel"),
  ...request,
  plan_id: AnyId,
  reason: z.optional(z.string()),
});
/** `taken` is false when the execution had ended otherwise before: the cancel came too late. */
export const CancelAnswer = object({
  type: z.literal("CancelAnswer"),
  ...request,
  plan_id: AnyId,
  taken: z.boolean(),
  state: ExecutionState,
});
export const Explain = object({ type: z.literal("Explain"), ...request, plan_id: AnyId });
export const Explained = object({
  type: z.literal("Explained"),
  ...request,
  plan_id: AnyId,
  state: ExecutionState,
  reasons: z.array(z.string()),
});

/**
 * How a worker is: `blocked` when its main thread does not answer (heartbeats and threads go on), `silent` when nothing was heard for half
 * its lease, `deaf` when it leaves assignments unhandled, `lost` when its connection is gone and its lease runs.
 */
export const WorkerHealth = z.enum(["ok", "blocked", "silent", "deaf", "lost"]);
export type WorkerHealth = z.infer<typeof WorkerHealth>;

/** A worker that is connected, or whose lease runs, as lists show it. */
export const WorkerSummary = object({
  worker_id: AnyId,
  state: WorkerStatus,
  slots: Count,
  active_plans: Count,
  active_streams: Count,
  filters: z.array(OfferedFilter),
  tags: z.array(z.string()),
  inherited: z.boolean(),
  implementation: z.optional(z.string()),
  version: z.optional(z.string()),
  cpu_cores: Count,
  heartbeat_age_ms: Count,
  health: z.optional(WorkerHealth),
  /** How long it has been so; absent when it is ok. */
  health_ms: z.optional(Count),
  /** What that means, in words; absent when it is ok. */
  health_reason: z.optional(z.string()),
  /** Slots taken by calls that could not be stopped, and by others. */
  other_slots: z.optional(Count),
  calls: z.optional(z.array(CallCounts)),
});
export type WorkerSummary = z.infer<typeof WorkerSummary>;
export const ListWorkers = object({ type: z.literal("ListWorkers"), ...request });
export const Workers = object({
  type: z.literal("Workers"),
  ...request,
  workers: z.array(WorkerSummary),
});
/** Sends a worker away: it gets no new work, finishes what it holds, and leaves. */
export const Drain = object({
  type: z.literal("Drain"),
  ...request,
  worker_id: AnyId,
  reason: z.optional(z.string()),
});
/** What the worker still has to finish. The same when it was sent away before. */
export const Draining = object({
  type: z.literal("Draining"),
  ...request,
  worker_id: AnyId,
  active_plans: Count,
  active_streams: Count,
});
/** Newest first. `total` counts all that match, whatever the limit. */
export const ListPlans = object({
  type: z.literal("ListPlans"),
  ...request,
  limit: Count.check(z.lte(1000)),
  state: z.optional(ExecutionState),
  /** The last plan_id of the page before. */
  before: z.optional(AnyId),
});
export type ListPlans = z.infer<typeof ListPlans>;
export const Plans = object({
  type: z.literal("Plans"),
  ...request,
  plans: z.array(ExecutionSummary),
  total: Count,
});
export type Plans = z.infer<typeof Plans>;

export const FROM_CLIENT = [
  Hello,
  Submit,
  Watch,
  Unwatch,
  Get,
  Cancel,
  Explain,
  ListWorkers,
  Drain,
  ListPlans,
] as const;
export const TO_CLIENT = [
  Welcome,
  Accepted,
  Watching,
  PlanEvent,
  Got,
  CancelAnswer,
  Explained,
  Workers,
  Draining,
  Plans,
] as const;
