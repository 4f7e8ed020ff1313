import type { Credit } from "@planwire/protocol";

export function add(credit: Credit, bytes: number): Credit {
  return { bytes: credit.bytes + bytes, chunks: credit.chunks + 1 };
}

export function exceeds(sent: Credit, granted: Credit): boolean {
  return sent.bytes > granted.bytes || sent.chunks > granted.chunks;
}

export function larger(a: Credit, b: Credit): Credit {
  return { bytes: Math.max(a.bytes, b.bytes), chunks: Math.max(a.chunks, b.chunks) };
}
