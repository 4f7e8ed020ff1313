import type { Planwire } from "@planwire/client";
import { PlanwireError } from "@planwire/protocol";

/** For `--help`. */
export const PLAN_ID = "a plan_id, or `last` for the newest submission";

/** The id that an argument names. @throws PlanwireError PLAN_UNKNOWN for `last` where nothing was submitted yet */
export async function planIdOf(pw: Planwire, argument: string): Promise<string> {
  if (argument !== "last") return argument;
  const [newest] = (await pw.plans({ limit: 1 })).plans;
  if (newest) return newest.id;
  throw new PlanwireError("PLAN_UNKNOWN", "nothing was submitted to this coordinator yet", {
    hint: "planwire submit PLAN",
  });
}
