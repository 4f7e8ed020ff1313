import * as z from "zod/mini";

/** An unsigned 64-bit integer. Beyond 2^53 it is a bigint, so that nothing is rounded silently. */
export const UInt64 = z.union([
  z.int().check(z.nonnegative()),
  z.bigint().check(z.nonnegative(), z.lte(2n ** 64n - 1n)),
]);
export type UInt64 = z.infer<typeof UInt64>;

/** A count or size of ours, which always fits a float64 exactly. */
export const Count = z.int().check(z.nonnegative());
