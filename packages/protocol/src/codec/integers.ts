export const INT64_MIN = -(2n ** 63n);
export const UINT64_MAX = 2n ** 64n - 1n;

/**
 * One rule for both codecs: an integer that float64 may have rounded (beyond 2^53 - 1) is a bigint, any other a number,
 * and a float stays a number even where it is integral. What no 64-bit integer holds was never an integer of this wire.
 */
export function fits64(integer: bigint): boolean {
  return integer >= INT64_MIN && integer <= UINT64_MAX;
}

export function isSafe(integer: bigint): boolean {
  return integer >= BigInt(Number.MIN_SAFE_INTEGER) && integer <= BigInt(Number.MAX_SAFE_INTEGER);
}
