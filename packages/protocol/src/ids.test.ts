import { expect, test } from "vitest";
import { decodeText } from "./codec/text.js";

const cancel = (id: string) => JSON.stringify({ type: "CancelPlan", plan_id: id });

test.each(["a", "\u0000", "é🙂", "__proto__", "x".repeat(512)])("%j is an id", (id) => {
  expect(decodeText(cancel(id))).toEqual({ type: "CancelPlan", plan_id: id });
});

test.each([
  ["", "string to have >=1 characters"],
  ["x".repeat(513), "string to have <=512 characters"],
  ["\ud800", "Unicode text"],
  ["a\udc00b", "Unicode text"],
])("%j is no id", (id, expected) => {
  const details = { path: "plan_id", expected };
  const error = expect.objectContaining({ code: "INVALID_MESSAGE", details });
  expect(() => decodeText(cancel(id))).toThrow(error);
});
