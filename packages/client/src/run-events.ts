import {
  isKnownEvent,
  type EventNumber,
  type ExecutionEvent,
  type JsonValue,
  type PlanEvent,
  type SomeError,
  type StopHow,
  type WorkerEvent,
} from "@planwire/protocol";
import { errorOf } from "./error-of-failure.js";

/** What every event has. */
interface Numbered {
  /** The coordinator's start count and a count within it: grows from event to event. */
  readonly number: EventNumber;
  /** Milliseconds since 1970, by the coordinator's clock. */
  readonly at: number;
}

/** Which try of which part of the plan an event comes from. */
export interface EventOrigin {
  readonly partId: string;
  readonly attempt: number;
  readonly workerId: string;
}

/** What a run's `events()` give. `Finished` is the last one. */
export type RunEvent = Numbered & (ExecutionStep | (EventOrigin & WorkerStep));

export type ExecutionStep =
  | { readonly type: "Accepted" }
  | ({ readonly type: "AttemptStarted" } & EventOrigin)
  | ({ readonly type: "AttemptLost"; readonly reason: string } & EventOrigin)
  | { readonly type: "CancelRequested"; readonly by: string }
  /** Events that were dropped, by the coordinator or because this reader was too slow. */
  | { readonly type: "EventsLost"; readonly from: EventNumber; readonly to: EventNumber }
  | FinishedEvent;

export type WorkerStep =
  | { readonly type: "NodeStarted"; readonly nodeId: string }
  /** `fraction` is what the filter reported: 0 to 1. */
  | { readonly type: "NodeProgress"; readonly nodeId: string; readonly fraction: number }
  | { readonly type: "NodeCompleted"; readonly nodeId: string; readonly durationMs: number }
  | { readonly type: "NodeFailed"; readonly nodeId: string; readonly error: string }
  | {
      readonly type: "Log";
      readonly nodeId: string;
      readonly message: string;
      readonly fields?: JsonValue;
    }
  /** Whatever else a worker tells, as it came. */
  | { readonly type: "Other"; readonly event: WorkerEvent };

/** The end. A success's output is what `result()` gives. */
export type FinishedEvent = {
  readonly type: "Finished";
  readonly durationMs: number;
  readonly attempts: number;
  readonly workerId?: string;
} & (
  | { readonly status: "Succeeded" }
  | { readonly status: "Failed"; readonly error: SomeError }
  | {
      readonly status: "Cancelled";
      readonly by: string;
      /** False when a call could not be stopped and still runs, or nobody knows whether it does. */
      readonly stopped: boolean;
      /** The hardest way in which one of its parts was stopped. */
      readonly how?: StopHow;
    }
);

export function runEventOf({ number, at, event }: PlanEvent): RunEvent {
  const numbered = { number, at };
  switch (event.kind) {
    case "Accepted":
      return { ...numbered, type: "Accepted" };
    case "AttemptStarted":
      return { ...numbered, type: "AttemptStarted", ...originOf(event) };
    case "AttemptLost":
      return { ...numbered, type: "AttemptLost", ...originOf(event), reason: event.reason };
    case "CancelRequested":
      return { ...numbered, type: "CancelRequested", by: event.by };
    case "Worker":
      return { ...numbered, ...originOf(event), ...workerEventOf(event.event) };
    case "EventsLost":
      return { ...numbered, type: "EventsLost", from: event.from, to: event.to };
    case "Finished":
      return { ...numbered, ...finishedOf(event.outcome) };
  }
}

function originOf(event: { part_id: string; attempt: number; worker_id: string }): EventOrigin {
  return { partId: event.part_id, attempt: event.attempt, workerId: event.worker_id };
}

function workerEventOf(event: WorkerEvent): WorkerStep {
  if (!isKnownEvent(event)) return { type: "Other", event };
  switch (event.event_type) {
    case "NodeStarted":
      return { type: "NodeStarted", nodeId: event.node_id };
    case "NodeProgress":
      return { type: "NodeProgress", nodeId: event.node_id, fraction: event.progress };
    case "NodeCompleted":
      return {
        type: "NodeCompleted",
        nodeId: event.node_id,
        durationMs: Number(event.duration),
      };
    case "NodeFailed":
      return { type: "NodeFailed", nodeId: event.node_id, error: event.error };
    case "Log":
      return {
        type: "Log",
        nodeId: event.node_id,
        message: event.message,
        ...(event.fields !== undefined && { fields: event.fields }),
      };
    case "NodeCacheHit":
    case "RunStarted":
    case "RunCompleted":
    case "RunFailed":
      return { type: "Other", event };
  }
}

function finishedOf(
  outcome: Extract<ExecutionEvent, { kind: "Finished" }>["outcome"],
): FinishedEvent {
  const { duration_ms: durationMs, attempts, worker_id } = outcome;
  const common = {
    type: "Finished",
    durationMs,
    attempts,
    ...(worker_id !== undefined && { workerId: worker_id }),
  } as const;
  switch (outcome.status) {
    case "Succeeded":
      return { ...common, status: "Succeeded" };
    case "Failed":
      return { ...common, status: "Failed", error: errorOf(outcome.error) };
    case "Cancelled":
      return {
        ...common,
        status: "Cancelled",
        by: outcome.by,
        stopped: outcome.stopped,
        ...(outcome.how !== undefined && { how: outcome.how }),
      };
  }
}
