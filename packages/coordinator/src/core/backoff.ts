import type { Settings } from "./settings.js";
import type { Execution, Part } from "./state.js";

/** Milliseconds until a part is tried again: they double with each try. Chance takes up to half of it, by part and attempt: a core has no other. */
export function backoffOf(
  settings: Settings,
  { execution, partId, attempt }: Part,
  tries: number,
): number {
  const { backoff_ms: first = settings.backoffMs } = execution.plan.policy ?? {};
  const doubled = first * 2 ** Math.max(0, tries - 1);
  const wait = Math.min(doubled, longestBackoff(settings, execution));
  return Math.round(wait * (1 - fractionOf(`${partId} ${attempt}`) / 2));
}

/** A policy that begins with more than the coordinator's most, and names none, waits that long each time. */
export function longestBackoff({ backoffMaxMs }: Settings, { plan }: Execution): number {
  const { backoff_ms = 0, backoff_max_ms } = plan.policy ?? {};
  return backoff_max_ms ?? Math.max(backoffMaxMs, backoff_ms);
}

/** A text as a number from 0 to below 1, the same every time (FNV-1a, mixed once more). */
function fractionOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}
