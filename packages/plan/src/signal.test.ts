import type { JsonValue, Value } from "@planwire/protocol";
import { expect, test } from "vitest";
import { MAX_LABEL_LENGTH, signalOf } from "./signal.js";

const json = (data: JsonValue): Value => ({ type: "Json", data });
const text = (data: string): Value => ({ type: "Text", data });

test.each<[string, Value, string | undefined]>([
  ["a text", text("csv"), "csv"],
  ["a string", json("csv"), "csv"],
  ["true", json(true), "true"],
  ["false", json(false), "false"],
  ["a branch field with a string", json({ branch: "csv", rows: 3 }), "csv"],
  ["a branch field with a boolean", json({ branch: false }), "false"],
  ["a Record with a branch entry", { type: "Record", data: [["branch", text("csv")]] }, "csv"],
  ["a number", json(3), undefined],
  ["null", json(null), undefined],
  ["a branch field with a number", json({ branch: 3 }), undefined],
  ["an array", json(["csv"]), undefined],
  ["Empty", { type: "Empty" }, undefined],
  ["bytes", { type: "Bytes", data: new Uint8Array(1) }, undefined],
  ["a tensor", { type: "Tensor", data: { values: [1], shape: [1] } }, undefined],
])("%s picks the arm it names, if any", (_, value, arm) => {
  expect(signalOf(value).arm).toBe(arm);
});

test.each<[string, Value]>([
  ["true", json(true)],
  ["done", json("done")],
  ["stop, as text", text("stop")],
  ["{ done: true }", json({ done: true, x: 1 })],
  ["Empty", { type: "Empty" }],
  ["a Record with done: true", { type: "Record", data: [["done", json(true)]] }],
])("%s stops a Loop", (_, value) => {
  expect(signalOf(value).stop).toBe(true);
});

test.each<[string, Value]>([
  ["false", json(false)],
  ["null", json(null)],
  ["0", json(0)],
  ["Done", json("Done")],
  ['{ done: "done" }', json({ done: "done" })],
  ["a Record with done: Empty", { type: "Record", data: [["done", { type: "Empty" }]] }],
  [
    "a Record whose done entry only contains done",
    { type: "Record", data: [["done", json({ done: true, branch: true })]] },
  ],
  ["an object", { type: "Object", data: new Uint8Array(0) }],
])("%s does not stop a Loop", (_, value) => {
  expect(signalOf(value).stop).toBe(false);
});

test("inherited properties say nothing", () => {
  expect(signalOf(json({})).arm).toBeUndefined();
  expect(signalOf(json(JSON.parse('{"__proto__":{"done":true,"branch":"x"}}')))).toEqual({
    stop: false,
  });
});

test("a long text is content, not a label", () => {
  const label = "x".repeat(MAX_LABEL_LENGTH);
  expect(signalOf(text(label)).arm).toBe(label);
  expect(signalOf(text(`${label}x`))).toEqual({ stop: false });
  expect(signalOf(json({ branch: `${label}x` })).arm).toBeUndefined();
});
