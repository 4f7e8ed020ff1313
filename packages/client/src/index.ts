export type { ChunkStream } from "./chunk-stream.js";
export type { ClientLimits } from "./client-limits.js";
export { connectTo, type ConnectToOptions } from "./connect-to.js";
export type { OfferFilters } from "./planwire-client.js";
export type {
  CancelReply,
  DrainReply,
  Explanation,
  PlanDocument,
  PlanInfo,
  PlansPage,
  PlansQuery,
  Planwire,
  WorkerCalls,
  WorkerInfo,
} from "./planwire.js";
export type {
  EventOrigin,
  ExecutionStep,
  FinishedEvent,
  RunEvent,
  WorkerStep,
} from "./run-events.js";
export type { Run, Settled } from "./run.js";
export type { RetryOptions, SubmitOptions } from "./submit-options.js";
