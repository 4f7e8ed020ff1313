import { expect, test } from "vitest";
import { didYouMean } from "./did-you-mean.js";

test.each([
  ["claen", ["scale", "clean", "mean"], "clean"],
  ["Clean", ["clean"], "clean"],
  ["scale", ["clean", "mean"], undefined],
  ["x", [], undefined],
])("%s among %o means %s", (wrong, offered, meant) => {
  expect(didYouMean(wrong, offered)).toBe(meant);
});
