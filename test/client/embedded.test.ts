// connect() without a URL: a coordinator and workers in this very process.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  branch,
  chunks,
  connect,
  defineFilter,
  loop,
  parallel,
  plan,
  type Planwire,
} from "planwire";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import * as f from "./fixtures/filters.js";

describe("filters that a plan brings along", () => {
  let pw: Planwire;
  beforeEach(async () => {
    pw = await connect();
  });
  afterEach(async () => {
    await pw.close();
  });

  test("run on the main thread: closures work", async () => {
    let calls = 0;
    const count = defineFilter("count", (words: string[]) => {
      calls += 1;
      return words.length;
    });
    expect(await pw.run(plan("hello").pipe(count), ["a", "b"])).toBe(2);
    expect(await pw.run(plan("hello").pipe(count), [])).toBe(0);
    expect(calls).toBe(2);
  });

  test("are tried again, and stopped in time, as their submission says", async () => {
    let calls = 0;
    const flaky = defineFilter("flaky", (times: number) => {
      calls += 1;
      if (calls < times) throw new Error("not yet");
      return calls;
    });
    const retry = { attempts: 3, backoffMs: 1, codes: ["FILTER_ERROR"] } as const;
    expect(await pw.run(plan("flaky").pipe(flaky), 3, { retry })).toBe(3);
    const late = pw.run(plan("late").pipe(f.waits), [1], { timeoutMs: 50 });
    await expect(late).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });

  test("are fitted, and run with the states that came back", async () => {
    const tidy = plan("tidy").pipe(f.double).pipe(f.center);
    const fitted = await (await pw.fit(tidy, [1, 2, 3])).result();
    expect(fitted).toEqual({ output: [-2, 0, 2], states: { center: { mean: 4 } } });
    expect(await pw.run(tidy.withStates(fitted.states), [5])).toEqual([6]);
  });

  test("run in parallel arms, branches and loops", async () => {
    const both = plan("both").pipe(parallel({ twice: f.double, sum: f.total }));
    expect(await pw.run(both, [1, 2])).toEqual({ twice: [2, 4], sum: 3 });
    const either = plan("either").pipe(branch(f.size, { many: f.total, few: f.double }));
    expect(await pw.run(either, [1, 2, 3])).toBe(6);
    expect(await pw.run(either, [1, 2])).toEqual([2, 4]);
    const until = plan("until").pipe(loop("until", f.halve));
    expect(await pw.run(until, { left: 8, done: false })).toEqual({ left: 0.5, done: true });
  });

  test("stream chunks in order", async () => {
    const seen: number[][] = [];
    const stream = pw.stream(plan("s").pipe(f.double), chunks([1, 2, 3, 4, 5], 2));
    for await (const part of stream) seen.push(part);
    expect(seen).toEqual([[2, 4], [6, 8], [10]]);
    expect(stream.progress).toEqual({ sent: 3, received: 3 });
  });

  test("fail with their own error as cause, under the caller's stack", async () => {
    async function theCaller() {
      await pw.run(plan("p").pipe(f.fails), [1, 2]);
    }
    const error = await theCaller().catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: "FILTER_ERROR",
      details: { nodeId: "fails" },
      cause: { name: "TypeError", message: "no use for 2 numbers" },
    });
    expect((error as Error).stack).toMatch(/theCaller.*embedded\.test\.ts/);
    const { cause } = error as Error & { cause: Error };
    expect(cause.stack).toMatch(/fixtures\/filters\.ts/);
  });
});

test("filters of a module run in threads, beside those of plans", async () => {
  const filters = new URL("./fixtures/filters.ts", import.meta.url);
  await using pw = await connect({ filters, workers: 2 });
  expect(await pw.run(plan("p").pipe(f.double), [1])).toEqual([2]);
  const workers = await pw.workers();
  expect(workers.map(({ id }) => id).sort()).toEqual(["embedded-1", "embedded-2"]);
});

/** Runs a script as a user would; gives what it printed when it has ended by itself. */
async function runScript(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { PLANWIRE_URL: _, NODE_ENV: _env, ...env } = process.env;
  const child = spawn(process.execPath, args, { cwd: import.meta.dirname, env, stdio: "pipe" });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [out, err] = ["", ""];
  child.stdout.on("data", (data: Buffer) => (out += data.toString()));
  child.stderr.on("data", (data: Buffer) => (err += data.toString()));
  const [code] = (await once(child, "close")) as [number];
  return { code, out: out.trim(), err: err.trim() };
}

test("a process that forgets close() ends, and stderr said once what runs in it", async () => {
  const { code, out, err } = await runScript("fixtures/forgets-close.mjs");
  expect({ code, out }).toEqual({ code: 0, out: "hello you\nhello again" });
  expect(err.match(/a coordinator and a worker run in this process/g)).toHaveLength(1);
});

test("work that is under way keeps the process alive", async () => {
  const ended = await runScript("fixtures/waits-for-nothing-else.mjs");
  expect(ended).toMatchObject({ code: 0, out: "7" });
});

test("require() works", async () => {
  const script = `const { connect, defineFilter, plan } = require("planwire");
    (async () => {
      const pw = await connect();
      console.log(await pw.run(plan("p").pipe(defineFilter("f", (x) => x + 1)), 1));
      await pw.close();
    })();`;
  expect(await runScript("-e", script)).toMatchObject({ code: 0, out: "2" });
});

test("a module on the command line works, and so do the threads of its worker", async () => {
  const script = `import { connect } from "planwire";
    const filters = new URL("./fixtures/filters.ts", import.meta.url);
    const pw = await connect({ filters });
    const document = { plan: { Execute: { node_id: "double" } } };
    const input = { source: "Inline", value: { type: "Json", data: [1] } };
    console.log((await (await pw.submit({ ...document, input })).result())[0]);
    await pw.close();`;
  const ended = await runScript("--input-type=module", "-e", script);
  expect(ended).toMatchObject({ code: 0, out: "2" });
});
