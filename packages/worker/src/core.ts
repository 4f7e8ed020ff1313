// The entry "@planwire/worker/core": the core and the pool of isolates, without threads, sockets and clocks. The simulator drives them.
export { WorkerCore } from "./core/core.js";
export type { Effect, WorkerLifeEvent } from "./core/effect.js";
export type { ConnectionEnd, CoreEvent, Now } from "./core/event.js";
export type {
  CallId,
  CallOutcome,
  FilterCall,
  FilterOffer,
  IsolateKind,
} from "./core/filter-call.js";
export { DEFAULTS, type Settings } from "./core/settings.js";
export type { WorkerState } from "./core/state.js";
export type { FromIsolate, ToIsolate } from "./isolate/messages.js";
export type { Isolate, IsolateEvents } from "./isolate/member.js";
export { IsolatePool, type PoolEvents } from "./isolate/pool.js";
