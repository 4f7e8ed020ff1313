import type { Now } from "../core/event.js";

export function now(): Now {
  return { mono: performance.now(), wall: Date.now() };
}
