import { expect, test } from "vitest";
import { offersOf } from "./filters.js";

const filter = (name: string, version?: string) => ({
  name,
  kind: "Stateless" as const,
  stream_mode: "FixedState" as const,
  ...(version !== undefined && { version }),
});

test("a filter that several workers offer stands once, each version for itself, by name", () => {
  const offers = offersOf([
    { id: "one", filters: [filter("scale", "1"), filter("clean")] },
    { id: "two", filters: [filter("scale", "1"), filter("scale", "2")] },
  ]);
  expect(offers).toEqual([
    { filter: filter("clean"), workers: ["one"] },
    { filter: filter("scale", "1"), workers: ["one", "two"] },
    { filter: filter("scale", "2"), workers: ["two"] },
  ]);
});
