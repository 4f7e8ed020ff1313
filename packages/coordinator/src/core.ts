// The entry "@planwire/coordinator/core": the core, and what any shell around it needs. The simulator drives it on a clock, a network and a disk of its own.
export { CoordinatorCore } from "./core/core.js";
export type { Effect } from "./core/effect.js";
export type { CoreEvent, Now } from "./core/event.js";
export { DEFAULT_SETTINGS, type Settings } from "./core/settings.js";
export type { CoreState } from "./core/state.js";
export { PeerConnection, type PeerPort } from "./peer-connection.js";
export { receivedEvents } from "./received-events.js";
export { acceptedHead, isExpected, stateOf, summaryOf } from "./store/execution-head.js";
export { MEMORY_DEFAULTS } from "./store/memory.js";
export { MemoryExecution } from "./store/memory-execution.js";
export { RefusedChange } from "./store/refused-change.js";
export type {
  Change,
  ListQuery,
  PruneQuery,
  Opened,
  StoredAttempt,
  StoredExecution,
  StoredOffer,
  Write,
  WriteAnswer,
} from "./store/store.js";
