import { expect, test } from "vitest";
import { parsePlan } from "./plan-file.js";

test("a plan_id is made when absent, and kept when there", () => {
  const text = '{"plan":{"Execute":{"node_id":"a"}}}';
  expect(parsePlan(text, "p.json").plan_id).toMatch(/^[0-9A-Za-z]{22}$/);
  expect(parsePlan(text, "p.json").plan_id).not.toBe(parsePlan(text, "p.json").plan_id);
  expect(parsePlan('{"plan_id":"mine","plan":"Empty"}', "p.json").plan_id).toBe("mine");
});

test.each([
  ['{"plan":{"Sequence":[{"Execute":{"node":"a"}}]}}', "plan.Sequence[0].Execute.node_id"],
  ['{"plan":{"Sequencer":[]}}', "plan"],
  ['{"plan":"Empty","bindings":[{"node_id":"a"}]}', "bindings[0].uses"],
  ['{"plan":"Empty","input":{"source":"Nowhere"}}', "input"],
  ["[]", ""],
])("%s is refused with the path of what is wrong", (text, path) => {
  expect(() => parsePlan(text, "p.json")).toThrow(
    expect.objectContaining({
      code: "PLAN_REFUSED",
      details: {
        issues: expect.arrayContaining([
          expect.objectContaining({ path: expect.stringContaining(path) }),
        ]),
      },
    }),
  );
});

test("what is no JSON is bad usage", () => {
  expect(() => parsePlan("tidy", "p.json")).toThrow(expect.objectContaining({ code: "BAD_USAGE" }));
});
