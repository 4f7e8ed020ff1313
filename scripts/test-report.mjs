// Counts what vitest's JSON reporter wrote.
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { root } from "./run.mjs";

export function readReport(file) {
  /** @type {{ passed: number, failed: number, skipped: string[] }} */
  const counts = { passed: 0, failed: 0, skipped: [] };
  if (!existsSync(file)) return counts;
  for (const suite of JSON.parse(readFileSync(file, "utf8")).testResults) {
    let failed = 0;
    for (const test of suite.assertionResults) {
      if (test.status === "passed") counts.passed += 1;
      else if (test.status === "failed") failed += 1;
      else counts.skipped.push(`${relative(root, suite.name)}: ${test.fullName}`);
    }
    // A file that could not be loaded has no tests to show for it.
    counts.failed += suite.status === "failed" && failed === 0 ? 1 : failed;
  }
  return counts;
}
