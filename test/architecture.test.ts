// The rules that the layout rests on (CONTRIBUTING.md, "Where things go"), read from the files themselves.
import { describe, expect, test } from "vitest";
import { undeclaredImports, wrongArrows } from "./architecture/arrows.js";
import { impurities, mustBePure } from "./architecture/purity.js";
import {
  parseSource,
  readManifest,
  readPackages,
  type Manifest,
  type Package,
} from "./architecture/source-files.js";

const mostLines = 400;
const packages = readPackages();
const rootManifest = readManifest("package.json");

function expectNone(findings: string[]): void {
  if (findings.length > 0) expect.fail(`\n${findings.join("\n")}`);
}

describe.each(packages)("packages/$folder", (pkg) => {
  test("knows only the packages that it may know", () => {
    expectNone(wrongArrows(pkg));
  });

  test("declares what it imports", () => {
    expectNone(undeclaredImports(pkg, rootManifest));
  });

  test("has no clock, randomness, timers or I/O where it decides", () => {
    expectNone(pkg.files.filter(mustBePure).flatMap(impurities));
  });

  test("names files after what they do", () => {
    const vague = /(^|[/-])(utils?|helpers?|common|managers?)(\.|\/|$)/i;
    expectNone(
      pkg.files
        .filter(({ path }) => vague.test(path))
        .map(({ path }) => `${path}: name what it does`),
    );
  });

  test(`keeps source files to ${mostLines} lines`, () => {
    const long = pkg.files.filter(({ isTest, lines }) => !isTest && lines > mostLines);
    expectNone(long.map(({ path, lines }) => `${path}: ${lines} lines; split it by behaviour`));
  });
});

describe("the rules themselves", () => {
  const core = "packages/coordinator/src/core/step.ts";

  test.each([
    ['import { readFile } from "node:fs/promises";', "imports node:fs/promises"],
    ['import type { Server } from "http";', "imports http"],
    ['const timers = await import("timers");', "imports timers"],
    ['type Socket = import("ws").WebSocket;', "imports ws"],
    ['import { nanoid } from "nanoid";', "take the id from the event"],
    ["const t = Date.now();", "take `now` from the event"],
    ["const read = Date.now;", "uses Date.now"],
    ["const t = new Date();", "uses new Date()"],
    ["const t = Date();", "uses Date()"],
    ["const t = globalThis.Date.now();", "uses Date.now"],
    ["const r = Math.random();", "uses Math.random"],
    ["const id = crypto.randomUUID();", "take the id from the event"],
    ["setTimeout(wake, 10);", "emit a wakeAt effect"],
    ["globalThis.setInterval(wake, 10);", "emit a wakeAt effect"],
    ["const t = `${performance.now()}`;", "uses performance"],
  ])("in a core, %s is found", (code, message) => {
    const file = parseSource(core, `// first line\n${code}\n`);
    expect(mustBePure(file)).toBe(true);
    expect(impurities(file)).toEqual([expect.stringContaining(message)]);
    expect(impurities(file)[0]).toMatch(/^packages\/coordinator\/src\/core\/step\.ts:2 /);
  });

  test.each([
    "const d = new Date(event.now);",
    "effects.setTimeout = 3;",
    "// Date.now() is the shell's",
    'const text = "Date.now()";',
    "interface Limits { performance: number }",
  ])("in a core, %s is allowed", (code) => {
    expect(impurities(parseSource(core, code))).toEqual([]);
  });

  test("a core's tests, and files outside any core, may read the clock", () => {
    expect(mustBePure(parseSource("packages/plan/src/walk.test.ts", ""))).toBe(false);
    expect(mustBePure(parseSource("packages/worker/src/link/dial.ts", ""))).toBe(false);
  });

  const importing = (folder: string, code: string, manifest: Partial<Manifest> = {}): Package => ({
    folder,
    manifest: { name: `@planwire/${folder}`, ...manifest },
    files: [parseSource(`packages/${folder}/src/shell/run.ts`, code)],
  });

  test.each([
    ["coordinator", 'import "@planwire/worker";'],
    ["worker", 'export * from "@planwire/coordinator/internal";'],
    ["protocol", 'import "@planwire/plan";'],
    ["client", 'import "planwire";'],
    ["plan", 'import "../../../worker/src/index.js";'],
    ["coordinator", 'import "@planwire/testkit";'],
  ])("%s may not say %s", (folder, code) => {
    expect(wrongArrows(importing(folder, code))).toHaveLength(1);
  });

  test("an arrow in package.json counts like an import", () => {
    const manifest = { dependencies: { "@planwire/worker": "workspace:*" } };
    expect(wrongArrows(importing("coordinator", "", manifest))).toHaveLength(1);
  });

  test("a package from the root's devDependencies is not declared for published code", () => {
    const used = importing("plan", 'import * as z from "zod/mini";');
    expect(undeclaredImports(used, rootManifest)).toEqual([expect.stringContaining("zod/mini")]);
    const declared = importing("plan", 'import "zod/mini";', { dependencies: { zod: "^4" } });
    expect(undeclaredImports(declared, rootManifest)).toEqual([]);
  });
});
