import { expect, test } from "vitest";
import { threadExecArgv } from "./thread-exec-argv.js";

test("threads inherit the flags of their process", () => {
  expect(threadExecArgv([])).toBeUndefined();
  expect(threadExecArgv(["--import", "tsx", "--max-old-space-size=100"])).toBeUndefined();
});

test.each<[string[], string[]]>([
  [["--input-type=module", "-e", "--import x"], []],
  [["--input-type", "module", "--eval", "1"], []],
  [["-p", "1"], []],
  [["--test", "--expose-gc"], []],
  [
    ["--import", "tsx", "--conditions=a", "-r", "./b.js", "--no-warnings", "-e", "1"],
    ["--import", "tsx", "--conditions=a", "-r", "./b.js", "--no-warnings"],
  ],
])("of %j, which say what program to run, threads get %j", (given, expected) => {
  expect(threadExecArgv(given)).toEqual(expected);
});
