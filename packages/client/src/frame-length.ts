const MOST_BYTES_PER_UNIT = 3;

/** Bytes of a frame on the wire. Text that can't reach `limit` is not counted exactly. */
export function frameLength(frame: string | Uint8Array, limit: number): number {
  if (typeof frame !== "string") return frame.length;
  if (frame.length * MOST_BYTES_PER_UNIT <= limit) return frame.length;
  return new TextEncoder().encode(frame).length;
}
