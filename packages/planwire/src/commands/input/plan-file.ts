import { issuesOf, PlanwireError, SerializedPlan, type JsonValue } from "@planwire/protocol";
import { customAlphabet } from "nanoid";
import { readJson } from "./read-json.js";

/**
 * A SerializedPlan in JSON; `plan_id` is made when absent.
 * @throws PlanwireError BAD_USAGE when it is no JSON, PLAN_REFUSED with the path of what is wrong in it
 */
export function parsePlan(text: string, where: string): SerializedPlan {
  const json = readJson(
    text,
    where,
    'a plan is JSON such as {"plan":{"Sequence":[{"Execute":{"node_id":"clean"}}]}}',
  );
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw refused(where, [{ path: "", message: "expected an object with `plan`" }]);
  }
  return checkPlanShape({ ...json, plan_id: json["plan_id"] ?? newPlanId() }, where);
}

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Of letters and digits alone, so that a shell needs no quotes and a double click takes it whole. */
export const newPlanId: () => string = customAlphabet(ALPHABET, 22);

function checkPlanShape(json: JsonValue, where: string): SerializedPlan {
  const parsed = SerializedPlan.safeParse(json, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw refused(where, issuesOf(parsed.error));
}

function refused(where: string, issues: { path: string; message: string }[]): PlanwireError {
  return new PlanwireError("PLAN_REFUSED", `${where} holds no plan`, {
    details: { issues },
    hint: "planwire submit --help shows a plan in JSON; PROTOCOL.md lists every field",
  });
}
