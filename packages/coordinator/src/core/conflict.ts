import { PlanwireError } from "@planwire/protocol";

export function conflict(planId: string): PlanwireError {
  const message = `"${planId}" was submitted before with other content`;
  return new PlanwireError("PLAN_ID_CONFLICT", message, {
    hint: "leave the id out, or choose another",
  });
}
