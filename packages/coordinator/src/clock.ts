import type { Now } from "./core/event.js";

/** The only place where the coordinator reads a clock. */
export function now(): Now {
  return { mono: performance.now(), wall: Date.now() };
}
