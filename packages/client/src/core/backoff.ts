import type { Settings } from "./state.js";

/** How long to wait before the next try: twice as long each time, up to a limit, between half and all of it. */
export function backoffMs(
  { firstMs, longestMs }: Settings["backoff"],
  failedTries: number,
  random: number,
): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(failedTries, 30));
  return full * (0.5 + random / 2);
}
