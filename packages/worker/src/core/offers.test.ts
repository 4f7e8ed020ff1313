import { shapePlan, type SerializedPlan } from "@planwire/protocol";
import { expect, test } from "vitest";
import { offerOf } from "../testing/core-script.js";
import { Offers } from "./offers.js";

function offers(...added: ReturnType<typeof offerOf>[]): Offers {
  const all = new Offers();
  all.add(added);
  return all;
}

test("a name alone is the filter without a version, else the latest one", () => {
  const versions = ["2", "10", "9"].map((version) => offerOf("f", { version }));
  expect(offers(...versions).find("f")?.version).toBe("10");
  expect(offers(...versions, offerOf("f")).find("f")?.version).toBeUndefined();
  expect(offers(...versions).find("f@9")?.version).toBe("9");
  expect(offers(...versions).find("f@3")).toBeUndefined();
});

test("a filter that comes again takes the older one's place", () => {
  const all = offers(offerOf("f"));
  all.add([offerOf("f", { isolate: "inline" })]);
  expect(all.find("f")?.isolate).toBe("inline");
  expect(all.offered()).toHaveLength(1);
});

test("a pickled Python filter is none of ours, even where the name is the same", () => {
  const plan = {
    plan_id: "p",
    plan: { Execute: { node_id: "f" } },
    filters: [{ node_id: "f", pickled_filter: "" }],
  };
  expect(offers(offerOf("f")).programOf(plan).missing).toEqual(["f"]);
});

test("what a shape runs is found once, and anew when other filters come", () => {
  const all = offers(offerOf("f"));
  const shape = { plan: { Execute: { node_id: "n" } }, bindings: [{ node_id: "n", uses: "f" }] };
  shapePlan(shape);
  const first = all.programOf({ plan_id: "p1", ...shape });
  expect(all.programOf({ plan_id: "p2", ...shape })).toBe(first);
  all.add([offerOf("f", { isolate: "inline" })]);
  const { program } = all.programOf({ plan_id: "p3", ...shape });
  expect(program.nodes.get("n")?.filter.isolate).toBe("inline");
});

const a = { Execute: { node_id: "a" } };
const b = { Execute: { node_id: "b" } };

test.each<[string, Pick<SerializedPlan, "plan" | "edges">, boolean]>([
  ["one step", { plan: a }, true],
  ["a row of steps", { plan: { Sequence: [a, b] } }, true],
  ["parallel arms", { plan: { Parallel: [a, b] } }, false],
  ["a row that holds more than steps", { plan: { Sequence: [{ Parallel: [a, b] }] } }, false],
  ["edges", { plan: { Sequence: [a, b] }, edges: { b: ["a"] } }, false],
  ["no step", { plan: "Empty" }, false],
])("%s: whether each value goes to one call only", (_, plan, isChain) => {
  const { program } = offers(offerOf("a"), offerOf("b")).programOf({ plan_id: "p", ...plan });
  expect(program.isChain).toBe(isChain);
});
