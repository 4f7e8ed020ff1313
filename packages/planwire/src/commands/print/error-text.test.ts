import { PlanwireError } from "@planwire/protocol";
import { expect, test } from "vitest";
import { errorText, toldError, toldWireError } from "./error-text.js";
import { lineError } from "./json-lines.js";
import { styleFor } from "./style.js";

const plain = styleFor({}, {});

test("errors are a code, a cause and the next thing to try", () => {
  const error = new PlanwireError("PLAN_REFUSED", "plan.json holds no plan", {
    details: { issues: [{ path: "plan.Sequence[0]", message: "expected an object" }] },
    hint: "planwire submit --help",
  });
  expect(errorText(toldError(error), plain)).toBe(
    [
      "error PLAN_REFUSED: plan.json holds no plan",
      "  at plan.Sequence[0]: expected an object",
      "  try: planwire submit --help",
    ].join("\n"),
  );
});

test("errors from the wire say where, and show the filter's own lines", () => {
  const error = {
    code: "FILTER_ERROR",
    message: "no delay",
    retryable: false,
    node_id: "clean",
    cause: {
      name: "Error",
      message: "no delay",
      stack: "Error: no delay\n    at clean (filters.ts:3:9)\n    at node:internal/x",
    },
  };
  expect(errorText(toldWireError(error), plain)).toBe(
    "error FILTER_ERROR: no delay\n  at node clean\n  at clean (filters.ts:3:9)",
  );
});

test("errors that are not Planwire's are told as faults, with their stack", () => {
  const { code, details } = toldError(new TypeError("x is undefined"));
  expect(code).toBe("INTERNAL");
  expect(details[0]).toContain("error-text.test.ts");
  expect(lineError(new TypeError("x"))).toEqual({ code: "INTERNAL", message: "x" });
});
