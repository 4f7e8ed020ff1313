// The entry "@planwire/client/core": the core without sockets, timers and promises. The simulator drives it.
export { DEFAULT_LIMITS } from "./client-limits.js";
export type { Answer, Effect } from "./core/effects.js";
export type { ClientEvent, Now, Question, SocketLoss } from "./core/events.js";
export type { Failure } from "./core/failure.js";
export { createState, type ClientState, type Settings } from "./core/state.js";
export { step } from "./core/step.js";
export { failureOf } from "./error-of-failure.js";
