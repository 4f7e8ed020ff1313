import { expect, test } from "vitest";
import { parseStates, withStates } from "./states.js";

const parse = (text: string) => parseStates(text, "states.json");
const scale = { type: "Json", data: { mean: 2 } } as const;

test("a map of tagged values, over one line or many", () => {
  expect(parse(JSON.stringify({ scale }))).toEqual({ scale });
  expect(parse(JSON.stringify({ scale }, null, 2))).toEqual({ scale });
});

test("what --json printed of a fit: its finished line counts", () => {
  const lines = [
    { event: "accepted", plan_id: "p" },
    { event: "finished", plan_id: "p", status: "Succeeded", output: scale, states: { scale } },
  ];
  expect(parse(lines.map((line) => JSON.stringify(line)).join("\n"))).toEqual({ scale });
  expect(parse(`${JSON.stringify(lines[1])}\n`)).toEqual({ scale });
});

test("a node may be named event or finished", () => {
  expect(parse(JSON.stringify({ event: scale, finished: scale }, null, 1))).toEqual({
    event: scale,
    finished: scale,
  });
});

test("a run that failed has no states", () => {
  const line = { event: "finished", plan_id: "p", status: "Failed", error: { code: "X" } };
  expect(() => parse(JSON.stringify(line))).toThrow(
    'states.json: holds the result of a run that ended "Failed", which has no states',
  );
});

test.each([
  ["[]", "expected states by node id"],
  ['{"scale":{"mean":2}}', "the state of scale is no tagged value"],
  ['{"scale":{"type":"Bytes","data":"x"}}', "state of scale, holds no value at data"],
  ["{", "is not JSON"],
])("%s is refused with its reason", (text, message) => {
  expect(() => parse(text)).toThrow(message);
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: "BAD_USAGE" }));
});

test("states go to bindings, to pickled filters, and where a binding is missing into a new one", () => {
  const plan = {
    plan_id: "p",
    plan: "Empty" as const,
    bindings: [{ node_id: "scale", uses: "scale@2", params: { by: 1 } }],
    filters: [{ node_id: "old", pickled_filter: "" }],
  };
  const states = { scale, old: scale, learn: scale, elsewhere: scale };
  const { bindings, filters } = withStates(plan, states, ["scale", "old", "learn", "other"]);
  expect(bindings).toEqual([
    { node_id: "scale", uses: "scale@2", params: { by: 1 }, state: scale },
    { node_id: "learn", uses: "learn", state: scale },
  ]);
  expect(filters).toEqual([{ node_id: "old", pickled_filter: "", state: scale }]);
});
