import type { Credit } from "@planwire/protocol";

// Credit and what it is spent on are running totals since the stream began.
export const NONE: Credit = { bytes: 0, chunks: 0 };

/** One chunk of `bytes` more. */
export function add(total: Credit, bytes: number): Credit {
  return { bytes: total.bytes + bytes, chunks: total.chunks + 1 };
}

export function exceeds(total: Credit, granted: Credit): boolean {
  return total.bytes > granted.bytes || total.chunks > granted.chunks;
}

/** A message for each chunk would cost more than it brings: a quarter of the window is given back at a time. */
export function isWorthGranting(taken: Credit, granted: Credit, window: Credit): boolean {
  const bytes = taken.bytes + window.bytes - granted.bytes;
  const chunks = taken.chunks + window.chunks - granted.chunks;
  return 4 * bytes >= window.bytes || 4 * chunks >= window.chunks;
}
