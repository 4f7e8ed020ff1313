import * as z from "zod/mini";
import { object } from "../schema/object.js";
import { WireError } from "./client.js";
import { Count } from "../schema/numbers.js";

/** Answers what could not be understood or done. Never answered itself. */
export const ErrorMessage = object({
  type: z.literal("Error"),
  ...WireError.shape,
  /** The request it answers, where that was readable. */
  request_id: z.optional(Count),
  plan_id: z.optional(z.string()),
  stream_id: z.optional(z.string()),
});
export type ErrorMessage = z.infer<typeof ErrorMessage>;
