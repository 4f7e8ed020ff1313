import fc from "fast-check";
import { expect, test } from "vitest";
import { leafKeyOf } from "../stepper/leaf.js";
import { parsePartId, partIdOf } from "./part-id.js";

test("the whole plan's part has the plan's id, any other the leaf's key behind it", () => {
  expect(partIdOf("p1", leafKeyOf([], [], "whole"))).toBe("p1");
  expect(partIdOf("p1", leafKeyOf([0, 2], [1, 3], "fit"))).toBe("p1/0.2#1.3:fit");
  expect(partIdOf("p1", leafKeyOf([0, 2], [], "whole"))).toBe("p1/0.2#");
  expect(partIdOf("p1", leafKeyOf([], [], "forward"))).toBe("p1/#:forward");
});

test("what would make two parts share an id is escaped in foreign plan ids", () => {
  expect(partIdOf("a/0#", "")).toBe("a%2F0%23");
  expect(partIdOf("a%2F0%23", "")).toBe("a%252F0%2523");
});

const indexes = fc.array(fc.nat({ max: 9999 }), { maxLength: 8 });

test("every part's id leads back to its plan and leaf, and no other part has it", () => {
  const plans = fc.string({
    minLength: 1,
    maxLength: 20,
    unit: fc.constantFrom("a", "/", "#", "%", "2", "5", "F", ":", "é"),
  });
  fc.assert(
    fc.property(
      plans,
      indexes,
      indexes,
      fc.constantFrom("fit", "forward", "whole"),
      (planId, path, passes, op) => {
        const leafKey = leafKeyOf(path, passes, op as "whole");
        expect(parsePartId(partIdOf(planId, leafKey))).toEqual({ planId, leafKey });
      },
    ),
  );
});

test.each(["", "/0#", "p/", "p/0", "p/0#:fit:fit", "p/0#/1#", "p#", "p%2G", "50%"])(
  "%j is no part's id",
  (partId) => {
    expect(parsePartId(partId)).toBeUndefined();
  },
);

test("an id beyond 512 bytes is refused, counted in bytes", () => {
  expect(partIdOf("é".repeat(254), "0#")).toHaveLength(257);
  expect(() => partIdOf("é".repeat(255), "0#")).toThrowError(
    expect.objectContaining({
      code: "PLAN_REFUSED",
      details: {
        issues: [
          {
            path: "plan_id",
            message: "expected part ids of at most 512 bytes, this plan's have up to 513",
          },
        ],
      },
    }),
  );
});
