import * as z from "zod/mini";
import { object } from "./schema/object.js";
import { tagged } from "./schema/struct.js";
import { Value } from "./value.js";

const Key32 = z.array(z.int().check(z.gte(0), z.lte(255))).check(z.length(32));
export const StreamFormat = z.enum(["json_lines", "csv", "arrow"]);

/** Where a plan's input lies. Until data references are built only `Inline` resolves; others are DATA_REF_REFUSED. */
export const DataRef = tagged("type", [
  object({ type: z.literal("Local"), path: z.string() }),
  object({
    type: z.literal("S3"),
    bucket: z.string(),
    key: z.string(),
    region: z.nullish(z.string()),
  }),
  object({ type: z.literal("Cached"), cache_key: Key32 }),
  object({ type: z.literal("Stream"), endpoint: z.string(), format: StreamFormat }),
  object({ type: z.literal("Inline"), value: Value }),
  object({
    type: z.literal("Zarr"),
    bucket: z.string(),
    array_path: z.string(),
    region: z.nullish(z.string()),
  }),
]);
export type DataRef = z.infer<typeof DataRef>;
