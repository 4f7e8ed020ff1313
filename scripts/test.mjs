// `npm test`: everything a change must pass. The last line is `N passed, N failed, N skipped`.
// A step that fails without a failed test of its own (a type error, a lint finding) counts as one failure.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runNode, tool } from "./run.mjs";
import { setup } from "./setup.mjs";
import { readReport } from "./test-report.mjs";

setup();

const ci = process.env.CI === "true";
const projects = ["unit", "sim", "e2e", "browser"];
/** @type {{ passed: number, failed: number, skipped: string[] }} */
const total = { passed: 0, failed: 0, skipped: [] };

step("types", [tool.tsc, "-p", "tsconfig.test.json"]);
step("lint", [tool.oxlint, "--type-aware", "--deny-warnings"]);
step("format", [tool.oxfmt, "--check", "."]);
for (const project of projects) vitest(project);

if (total.skipped.length > 0) {
  console.log(`\nSkipped${ci ? " (in CI a skipped test fails the run)" : ""}:`);
  for (const name of total.skipped) console.log(`  ${name}`);
}
if (total.failed > 0 || (ci && total.skipped.length > 0)) process.exitCode = 1;
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped.length} skipped`);

function step(name, args) {
  console.log(`\n== ${name}`);
  if (runNode(args) !== 0) {
    total.failed += 1;
    console.error(`${name}: failed`);
  }
}

function vitest(project) {
  console.log(`\n== ${project} tests`);
  const folder = mkdtempSync(join(tmpdir(), "planwire-test-"));
  const file = join(folder, "report.json");
  const code = runNode([
    tool.vitest,
    "run",
    "--project",
    project,
    "--passWithNoTests",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
  ]);
  const report = readReport(file);
  rmSync(folder, { recursive: true, force: true });
  total.passed += report.passed;
  // vitest also fails on what no test owns: an unhandled rejection, a broken setup.
  total.failed += code !== 0 && report.failed === 0 ? 1 : report.failed;
  total.skipped.push(...report.skipped);
}
