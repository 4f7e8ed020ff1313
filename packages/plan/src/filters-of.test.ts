import { expect, test } from "vitest";
import { defineFilter } from "./define-filter.js";
import { definitionOf } from "./filter-definition.js";
import { filtersOf } from "./filters-of.js";
import { plan } from "./builder.js";
import { serializePlan } from "./serialize.js";

const clean = defineFilter("clean", (xs: number[]) => xs);
const mean = defineFilter("mean", (xs: number[]) => xs.length);
interface Module {
  clean: typeof clean;
  mean: typeof mean;
}

test("a plan of names serializes as the plan of the filters themselves", () => {
  const known = filtersOf<Module>();
  const thin = plan("p").pipe(known.clean).pipe(known.mean.as("m"));
  const full = plan("p").pipe(clean).pipe(mean.as("m"));
  expect(serializePlan(thin, { id: "x", input: [1] })).toEqual(
    serializePlan(full, { id: "x", input: [1] }),
  );
});

test("a name carries no code", () => {
  expect(definitionOf(filtersOf<Module>().clean)).toBeUndefined();
});

test("the same name is the same filter", () => {
  const known = filtersOf<Module>();
  expect(known.clean).toBe(known.clean);
});

test("it is no thenable and looks like an ordinary object", async () => {
  const known: object = filtersOf<Module>();
  expect(await (known as unknown)).toBe(known);
  expect("then" in known).toBe(false);
  for (const name of ["then", "constructor", "toString", Symbol.iterator]) {
    expect(Reflect.get(known, name)).toBeUndefined();
  }
});
