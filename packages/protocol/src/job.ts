import * as z from "zod/mini";
import { AnyId } from "./ids.js";
import { JsonValue } from "./schema/json-value.js";
import { struct } from "./schema/struct.js";

/** A Python pipeline job: source files, requirements, an entry point. */
export const PythonJob = struct({
  job_id: AnyId,
  pipeline_id: z.string(),
  investigation_id: z.string(),
  files: z.array(struct({ path: z.string(), content: z.string() })),
  requirements: z.nullish(z.string()),
  entry_point: z.string(),
  input_data: z.optional(JsonValue),
  params: z.optional(JsonValue),
});
export type PythonJob = z.infer<typeof PythonJob>;
