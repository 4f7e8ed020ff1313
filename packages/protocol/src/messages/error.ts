import * as z from "zod";
import { WireError } from "./client.js";
import { Count } from "../schema/numbers.js";

/** Answers what could not be understood or done. Never answered itself. */
export const ErrorMessage = z.object({
  type: z.literal("Error"),
  ...WireError.shape,
  /** The request it answers, where that was readable. */
  request_id: Count.optional(),
  plan_id: z.string().optional(),
  stream_id: z.string().optional(),
});
export type ErrorMessage = z.infer<typeof ErrorMessage>;
