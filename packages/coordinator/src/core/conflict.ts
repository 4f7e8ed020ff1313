import { canonicalContent, PlanwireError, type SerializedPlan } from "@planwire/protocol";

/**
 * Whether two plans mean the same execution. Compared when an id comes twice, and not before: the canonical text of every submission, or
 * its hash, would be an eighth of what a small plan costs here.
 */
export function sameContent(one: SerializedPlan, other: SerializedPlan): boolean {
  return canonicalContent(one) === canonicalContent(other);
}

export function conflict(planId: string): PlanwireError {
  const message = `"${planId}" was submitted before with other content`;
  return new PlanwireError("PLAN_ID_CONFLICT", message, {
    hint: "leave the id out, or choose another",
  });
}
