// What a user does with the installed packages.
import { build, transform } from "esbuild";
import {
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "../run.mjs";
import { npm } from "./installed.mjs";
import { assert, node } from "./run.mjs";

const BUDGET = { packages: 45, megabytes: 55, browserKilobytes: 60 };

/**
 * @param {(what: string, run: () => void | Promise<void>) => Promise<void>} check
 * @param {string} user the folder that has planwire installed
 */
export async function checkUse(check, user) {
  await check("stays within its budget of packages and size", () => checkBudget(user));
  await check("the README's hello world runs", async () => {
    const { code, output } = await helloOfReadme();
    writeFileSync(join(user, "hello.mjs"), code);
    const printed = node(["hello.mjs"], { cwd: user });
    assert(printed.trim() === output.trim(), `printed:\n${printed}\nthe README shows:\n${output}`);
  });
  await check('require("planwire")', () => {
    writeFileSync(join(user, "required.cjs"), `console.log(typeof require("planwire").connect);`);
    assert(node(["required.cjs"], { cwd: user }).trim() === "function", "connect is no function");
  });
  await check("npx planwire --help", () => {
    const printed = node(["node_modules/planwire/bin/planwire.js", "--help"], { cwd: user });
    assert(printed.includes("coordinator"), printed);
  });
  for (const typescript of ["typescript", "typescript59"]) {
    await check(`a consumer compiles with ${typescript}`, () => compile(user, typescript));
  }
  await check("a browser bundle has no node: import and is small", () => bundle(user));
  await check("the quickstart runs", () => quickstart(user));
}

/** @param {string} user */
function checkBudget(user) {
  let packages = 0;
  let bytes = 0;
  /** @param {string} folder */
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) bytes += statSync(path).size;
    }
  };
  walk(join(user, "node_modules"));
  const lock = JSON.parse(readFileSync(join(user, "package-lock.json"), "utf8"));
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path !== "" && !entry.optional) packages++;
  }
  const megabytes = bytes / 1e6;
  console.log(`      ${packages} packages, ${megabytes.toFixed(1)} MB`);
  assert(packages <= BUDGET.packages, `${packages} packages, at most ${BUDGET.packages}`);
  assert(megabytes <= BUDGET.megabytes, `${megabytes} MB, at most ${BUDGET.megabytes}`);
}

/** The first TypeScript block of the README, as JavaScript, and the plain block behind it. */
async function helloOfReadme() {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const found = /```ts\n([\s\S]*?)```[\s\S]*?```text\n([\s\S]*?)```/.exec(readme);
  const [, source, output] = found ?? [];
  if (source === undefined || output === undefined)
    throw new Error("the README opens with no example");
  const { code } = await transform(source, { loader: "ts" });
  return { code, output };
}

/** @param {string} user @param {string} typescript */
function compile(user, typescript) {
  const folder = join(user, `consumer-${typescript}`);
  mkdirSync(folder);
  const compilerOptions = {
    target: "es2023",
    lib: ["es2023", "esnext.disposable", "dom"],
    module: "nodenext",
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    types: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["."] }));
  writeFileSync(
    join(folder, "consumer.mts"),
    `import { connect, defineFilter, plan, type Run } from "planwire";
const count = defineFilter("count", (words: string[]) => words.length);
const pw = await connect("ws://127.0.0.1:1");
const run: Run<number> = await pw.submit(plan("p").pipe(count), ["a"]);
const out: number = await run.result();
// @ts-expect-error the plan takes words
await pw.run(plan("p").pipe(count), 7);
export { out };
`,
  );
  node([join(root, `node_modules/${typescript}/bin/tsc`), "-p", folder], { cwd: user });
}

/** @param {string} user */
async function bundle(user) {
  writeFileSync(join(user, "page.js"), `import { connect } from "planwire"; connect("ws://x");`);
  const { outputFiles, metafile } = await build({
    absWorkingDir: user,
    entryPoints: ["page.js"],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  const fromNode = imports.filter(({ path, external }) => external && path.startsWith("node:"));
  assert(fromNode.length === 0, `imports ${fromNode.map(({ path }) => path).join(", ")}`);
  const kilobytes = gzipSync(outputFiles[0]?.contents ?? "").byteLength / 1000;
  console.log(`      ${kilobytes.toFixed(1)} KB gzipped`);
  assert(kilobytes <= BUDGET.browserKilobytes, `at most ${BUDGET.browserKilobytes} KB`);
}

/** @param {string} user */
function quickstart(user) {
  const folder = join(user, "quickstart");
  cpSync(join(root, "examples/quickstart"), folder, {
    recursive: true,
    filter: (path) => !path.includes("node_modules"),
  });
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const { planwire: _, ...others } = { ...manifest.dependencies, ...manifest.devDependencies };
  rmSync(join(folder, "package.json"));
  rmSync(join(folder, "tsconfig.json"), { force: true });
  npm(user, "install", ...Object.entries(others).map(([name, range]) => `${name}@${range}`));
  const printed = node(["--import", "tsx", "quickstart/main.ts"], { cwd: user });
  assert(printed.includes("200000 flights seen"), printed);
}
