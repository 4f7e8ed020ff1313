import { describe, expect, test } from "vitest";
import { canonicalContent } from "./canonical.js";
import { decodeBinary, encodeBinary } from "./codec/binary.js";
import { decodeText, encodeText } from "./codec/text.js";
import { FEATURES } from "./features.js";
import { issuesOf } from "./issues.js";
import { LIMITS } from "./limits.js";
import { lowerPlan } from "./lower-plan.js";
import { SerializedPlan } from "./serialized-plan.js";

const policy = {
  max_attempts: 3,
  backoff_ms: 100,
  backoff_max_ms: 5_000,
  retry_codes: ["FILTER_ERROR"],
  timeout_ms: 60_000,
  durability: "memory",
  keep_ms: 0,
} as const;
const planWith = (given: unknown) => ({
  plan_id: "p",
  plan: "Empty",
  metadata: {},
  policy: given,
});
const plan = SerializedPlan.parse(planWith(policy));

test("a policy travels in text and in msgpack", () => {
  const submit = { type: "Submit", request_id: 1, plan } as const;
  expect(decodeText(encodeText(submit))).toEqual(submit);
  expect(decodeBinary(encodeBinary(submit))).toEqual(submit);
});

test("it may be absent, and so may all that it says", () => {
  const { policy: _, ...without } = plan;
  expect(SerializedPlan.parse(without)).toEqual(without);
  expect(SerializedPlan.parse(planWith({}))).toEqual(planWith({}));
});

test("it is not part of a plan's content", () => {
  const { policy: _, ...without } = plan;
  expect(canonicalContent(plan)).toBe(canonicalContent(without));
});

test("it goes to no worker", () => {
  expect(lowerPlan(plan, new Set())).not.toHaveProperty("policy");
  expect(lowerPlan(plan, new Set(FEATURES))).not.toHaveProperty("policy");
});

describe("what is out of bounds is refused with its path", () => {
  test.each([
    [{ max_attempts: 0 }, "policy.max_attempts"],
    [{ max_attempts: LIMITS.policyAttempts + 1 }, "policy.max_attempts"],
    [{ max_attempts: 1.5 }, "policy.max_attempts"],
    [{ backoff_ms: -1 }, "policy.backoff_ms"],
    [{ backoff_max_ms: "1s" }, "policy.backoff_max_ms"],
    [{ timeout_ms: 0 }, "policy.timeout_ms"],
    [{ timeout_ms: LIMITS.policyMs + 1 }, "policy.timeout_ms"],
    [{ keep_ms: Number.NaN }, "policy.keep_ms"],
    [{ durability: "tape" }, "policy.durability"],
    [{ retry_codes: [""] }, "policy.retry_codes[0]"],
    [{ retry_codes: Array(LIMITS.policyCodes + 1).fill("X") }, "policy.retry_codes"],
    [null, "policy"],
  ])("%j", (given, path) => {
    const { error } = SerializedPlan.safeParse(planWith(given));
    expect(error && issuesOf(error).map((issue) => issue.path)).toEqual([path]);
  });
});
