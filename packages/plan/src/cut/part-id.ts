import { LIMITS, PlanwireError, type Issue } from "@planwire/protocol";

/**
 * The id under which a part travels: the plan's id, and behind a slash the leaf's key unless it is the whole plan.
 * Ids of inherited peers may hold "/", "#" or "%": these are percent-encoded, so that no two parts share an id.
 * Beyond `LIMITS.partIdBytes` bytes: PLAN_REFUSED. checkPlan refuses plans whose parts could come to that.
 */
export function partIdOf(planId: string, leafKey: string): string {
  const id = joinPartId(planId, leafKey);
  const issue = lengthIssue(id, LIMITS.partIdBytes);
  if (issue === undefined) return id;
  throw new PlanwireError("PLAN_REFUSED", `${issue.path}: ${issue.message}`, {
    details: { issues: [issue] },
    hint: "give the plan a shorter id",
  });
}

export function partIdIssue(planId: string, leafKey: string, limit: number): Issue | undefined {
  return lengthIssue(joinPartId(planId, leafKey), limit);
}

function lengthIssue(id: string, limit: number): Issue | undefined {
  // Encoding costs a third of checking a small plan: a UTF-16 unit has at most three bytes.
  if (3 * id.length <= limit) return undefined;
  const bytes = new TextEncoder().encode(id).length;
  if (bytes <= limit) return undefined;
  return {
    path: "plan_id",
    message: `expected part ids of at most ${limit} bytes, this plan's have up to ${bytes}`,
  };
}

function joinPartId(planId: string, leafKey: string): string {
  const head = planId.replace(/[%/#]/g, (char) => encodeURIComponent(char));
  return leafKey === "" ? head : `${head}/${leafKey}`;
}

export interface PartName {
  planId: string;
  /** "" when the part is the whole plan. */
  leafKey: string;
}

const PART_ID = /^(?<head>(?:[^%/#]|%25|%2F|%23)+)(?:\/(?<key>[\d.]*#[\d.]*(?::fit|:forward)?))?$/;

/** The inverse of `partIdOf`; undefined for an id that it can't have made. */
export function parsePartId(partId: string): PartName | undefined {
  const { head, key } = PART_ID.exec(partId)?.groups ?? {};
  if (head === undefined) return undefined;
  return { planId: head.replace(/%25|%2F|%23/g, decodeURIComponent), leafKey: key ?? "" };
}
