import { expect, test } from "vitest";
import { offerOf } from "../testing/core-script.js";
import { Offers, programOf } from "./offers.js";

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
  expect(programOf(plan, offers(offerOf("f"))).missing).toEqual(["f"]);
});
