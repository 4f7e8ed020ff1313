import { expect, test } from "vitest";
import { styleFor } from "./style.js";

test("colours are for terminals alone, and NO_COLOR turns them off", () => {
  expect(styleFor({ isTTY: true }, {}).red("x")).toBe("\u001b[31mx\u001b[39m");
  expect(styleFor({ isTTY: true }, { NO_COLOR: "1" }).red("x")).toBe("x");
  expect(styleFor({ isTTY: true }, { TERM: "dumb" }).red("x")).toBe("x");
  expect(styleFor({}, {}).red("x")).toBe("x");
});
