import { expect, test } from "vitest";
import * as z from "zod";
import { expectedIn, issuesOf, pathText } from "./issues.js";
import { SerializedPlan } from "./serialized-plan.js";

const issues = (schema: z.core.$ZodType, value: unknown) =>
  issuesOf(z.safeParse(schema, value, { reportInput: true }).error ?? { issues: [] });

test("a path reads like code", () => {
  expect(pathText(["plan", "Sequence", 1, "Execute", "node_id"])).toBe(
    "plan.Sequence[1].Execute.node_id",
  );
  expect(pathText([0, "a b", "$x", "1"])).toBe('[0]["a b"].$x["1"]');
  expect(pathText([])).toBe("");
  expect(pathText(["k".repeat(100_000)]).length).toBeLessThan(100);
});

test.each<[z.ZodType, unknown, string, string]>([
  [z.object({ a: z.string() }), { a: 1 }, "a", "expected string, found number"],
  [z.object({ a: z.string() }), {}, "a", "expected string, found nothing"],
  [z.array(z.number()), [1, "x"], "[1]", "expected number, found string"],
  [z.enum(["a", "b"]), "c", "", 'expected one of "a"|"b"'],
  [z.string().min(2), "a", "", "expected string to have >=2 characters"],
  [z.array(z.string()).length(2), ["a"], "", "expected array to have exactly 2 items"],
  [z.number().max(5), 6, "", "expected number to be <=5"],
  [z.bigint().nonnegative(), -1n, "", "expected bigint to be >=0"],
  [z.int(), 1.5, "", "expected int, found number"],
  [z.number(), NaN, "", "expected number, found NaN"],
  [z.string(), null, "", "expected string, found null"],
  [z.string(), new Date(0), "", "expected string, found Date"],
  [z.literal("a"), "b", "", 'expected "a"'],
  [z.object({ a: z.unknown() }), {}, "a", "expected a value, found nothing"],
  [z.union([z.string(), z.number()]), true, "", "expected string or number"],
  [
    z.union([z.string(), z.object({ a: z.object({ b: z.number() }) })]),
    { a: { b: "" } },
    "a.b",
    "expected number, found string",
  ],
  [
    z.discriminatedUnion("t", [z.object({ t: z.literal("x") }), z.object({ t: z.literal("y") })]),
    { t: "z" },
    "t",
    "expected one of x, y",
  ],
])("an issue of %# names the place and what was expected there", (schema, value, path, message) => {
  expect(issues(schema, value)).toEqual([{ path, message }]);
});

test("what was found is told where the schema was told to report it, also by schemas inside transforms", () => {
  const plan = { plan_id: "p", plan: { Sequence: [{ Execute: { node_id: 1 } }] } };
  const path = "plan.Sequence[0].Execute.node_id";
  expect(issues(SerializedPlan, plan)).toEqual([
    { path, message: "expected string, found number" },
  ]);
  const { error } = SerializedPlan.safeParse(plan);
  expect(issuesOf(error ?? { issues: [] })).toEqual([{ path, message: "expected string" }]);
});

test("a flood of issues is cut", () => {
  expect(
    issues(
      z.array(z.number()),
      Array.from({ length: 1000 }, () => "x"),
    ),
  ).toHaveLength(20);
});

test("what was expected is found in the words", () => {
  expect(expectedIn("expected string, found number")).toBe("string");
  expect(expectedIn("expected one of a, b")).toBe("one of a, b");
  expect(expectedIn("something else")).toBe("something else");
});
