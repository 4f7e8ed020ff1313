import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { endAll, run, start } from "./planwire-process.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "planwire-dev-"));
  mkdirSync(join(folder, "node_modules"));
  const planwire = fileURLToPath(new URL("../../packages/planwire", import.meta.url));
  symlinkSync(planwire, join(folder, "node_modules/planwire"), "junction");
});
afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true });
});

/** A module with one filter, `times`. */
function filters(factor: number): string {
  return `import { defineFilter } from "planwire";
export const times = defineFilter("times", (xs: number[]) => xs.map((x) => ${factor} * x));
`;
}
const save = (text: string, name = "filters.ts") => writeFileSync(join(folder, name), text);

async function times(url: string): Promise<string> {
  save('{"plan":{"Execute":{"node_id":"times"}}}', "times.plan");
  const args = ["submit", join(folder, "times.plan"), "--input", "-", "--coordinator", url];
  return (await run(args, { input: "[1]" })).stdout;
}

test("a saved filter is served by new workers; one that can't be loaded leaves the old ones", async () => {
  save(filters(2));
  const dev = start(["dev", "--port", "0", "--json"], { cwd: folder });
  const url = String((await dev.line("listening"))["url"]);
  await dev.line("registered", 2);
  expect(await times(url)).toBe("[2]\n");

  save(filters(3));
  await dev.line("reloaded");
  expect(await times(url)).toBe("[3]\n");

  save('export const broken = 1;\nthrow new Error("oops");\n');
  expect(await dev.line("reload_failed")).toMatchObject({ error: { code: "FILTER_LOAD_FAILED" } });
  await dev.said("the workers before this change go on");
  expect(dev.stderr).toMatch(/oops/);
  expect(dev.stderr).toMatch(/filters\.ts:2:/);
  expect(await times(url)).toBe("[3]\n");

  save(filters(4));
  await dev.line("reloaded", 2);
  expect(await times(url)).toBe("[4]\n");

  const ended = await dev.stop("SIGINT");
  expect(ended.code).toBe(0);
});

test("it says what it serves and what to try", async () => {
  save(filters(2));
  const dev = start(["dev", "--port", "0", "--workers", "1"], { cwd: folder });
  await dev.said("try: ");
  expect(dev.stderr).toMatch(/listening on ws:\/\/127\.0\.0\.1:\d+/);
  expect(dev.stderr).toContain("1 worker offers times (filters.ts, watched)");
});

test("a worker that dies is replaced", async () => {
  save(`import { defineFilter } from "planwire";
export const pid = defineFilter("pid", { isolate: "inline", forward: () => process.pid });
`);
  const dev = start(["dev", "--port", "0", "--workers", "1", "--json"], { cwd: folder });
  const url = String((await dev.line("listening"))["url"]);
  await dev.line("registered");
  save('{"plan":{"Execute":{"node_id":"pid"}}}', "pid.plan");
  const submit = ["submit", join(folder, "pid.plan"), "--coordinator", url];
  const first = Number((await run(submit)).stdout);
  process.kill(first, "SIGKILL");
  await dev.said("died; another one starts");
  const second = Number((await run(submit)).stdout);
  expect(second).toBeGreaterThan(0);
  expect(second).not.toBe(first);
});

test("a worker that is sent away is replaced, and not called dead", async () => {
  save(filters(2));
  const dev = start(["dev", "--port", "0", "--workers", "1", "--json"], { cwd: folder });
  const url = String((await dev.line("listening"))["url"]);
  await dev.line("registered");
  expect((await run(["drain", "dev-1.1", "--coordinator", url])).code).toBe(0);
  await dev.said("dev-1.1 left; another one starts");
});

test("its workers don't outlive it, however it ends", async () => {
  save(`import { defineFilter } from "planwire";
export const pid = defineFilter("pid", { isolate: "inline", forward: () => process.pid });
`);
  const dev = start(["dev", "--port", "0", "--workers", "1", "--json"], { cwd: folder });
  const url = String((await dev.line("listening"))["url"]);
  await dev.line("registered");
  save('{"plan":{"Execute":{"node_id":"pid"}}}', "pid.plan");
  const submit = ["submit", join(folder, "pid.plan"), "--coordinator", url];
  const pid = Number((await run(submit)).stdout);
  await dev.stop("SIGKILL");
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
});

test("without a module of filters it says which ones it looked for", async () => {
  const ended = await run(["dev", "--port", "0"], { cwd: folder });
  expect(ended.code).toBe(2);
  expect(ended.stderr).toMatch(
    /error BAD_USAGE: there is no filters\.ts, filters\.js, filters\.mjs/,
  );
});

test("a module that can't be loaded from the first ends it, with the reason", async () => {
  save('throw new Error("oops");');
  const ended = await run(["dev", "--port", "0"], { cwd: folder });
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain("error FILTER_LOAD_FAILED");
  expect(ended.stderr).toMatch(/filters\.ts:1:/);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
