import * as z from "zod";
import { tagged } from "./schema/struct.js";
import { Value } from "./value.js";

const Key32 = z.array(z.number().int().min(0).max(255)).length(32);
export const StreamFormat = z.enum(["json_lines", "csv", "arrow"]);

/** Where a plan's input lies. Until data references are built only `Inline` resolves; others are DATA_REF_REFUSED. */
export const DataRef = tagged("type", [
  z.object({ type: z.literal("Local"), path: z.string() }),
  z.object({
    type: z.literal("S3"),
    bucket: z.string(),
    key: z.string(),
    region: z.string().nullish(),
  }),
  z.object({ type: z.literal("Cached"), cache_key: Key32 }),
  z.object({ type: z.literal("Stream"), endpoint: z.string(), format: StreamFormat }),
  z.object({ type: z.literal("Inline"), value: Value }),
  z.object({
    type: z.literal("Zarr"),
    bucket: z.string(),
    array_path: z.string(),
    region: z.string().nullish(),
  }),
]);
export type DataRef = z.infer<typeof DataRef>;
