import { defineFilter, definitionOf, type FilterDefinition } from "@planwire/plan";
import type { Value } from "@planwire/protocol";
import { expect, test } from "vitest";
import { z } from "zod";
import type { CallReport, FilterCall } from "../core/filter-call.js";
import { executeCall } from "./call.js";
import { Cancellation } from "./cancellation.js";

function definition(filter: unknown): FilterDefinition {
  const found = definitionOf(filter);
  if (found === undefined) throw new Error("this is no filter");
  return found;
}

const json = (data: never): Value => ({ type: "Json", data });

function call(filter: unknown, more: Partial<FilterCall> = {}) {
  const reports: CallReport[] = [];
  const cancellation = new Cancellation();
  const request: FilterCall = {
    call: 1,
    filter: "f",
    op: "forward",
    input: { type: "Json", data: 2 },
    nodeId: "n",
    planId: "p",
    attempt: 3,
    workerId: "w",
    ...more,
  };
  const outcome = executeCall(definition(filter), request, cancellation, (report) =>
    reports.push(report),
  );
  return { outcome, reports, abort: () => cancellation.abort() };
}

test("a forward gets plain data and gives plain data, sync or async", async () => {
  const sync = defineFilter("f", (x: number) => x * 2);
  const later = defineFilter("f", async (x: number) => `${x}`);
  expect(await call(sync).outcome).toEqual({ status: "done", value: { type: "Json", data: 4 } });
  expect(await call(later).outcome).toEqual({ status: "done", value: { type: "Text", data: "2" } });
});

test("a fit gets labels and gives a state, a forward gets that state", async () => {
  const filter = defineFilter("f", {
    fit: (x: number, y: string) => ({ x, y }),
    forward: (x, state) => `${x} ${state.x} ${state.y}`,
  });
  const state: Value = { type: "Json", data: { x: 2, y: "label" } };
  const y: Value = { type: "Text", data: "label" };
  expect(await call(filter, { op: "fit", y }).outcome).toEqual({ status: "done", value: state });
  expect(await call(filter, { state }).outcome).toMatchObject({ value: { data: "2 2 label" } });
});

test("a filter that looks for its signal late finds it told already", async () => {
  let begun = () => {};
  const hasBegun = new Promise<void>((resolve) => (begun = resolve));
  let goOn = () => {};
  const paused = new Promise<void>((resolve) => (goOn = resolve));
  const filter = defineFilter("f", async (_x: number, ctx) => {
    begun();
    await paused;
    return ctx.signal.aborted && ctx.signal === ctx.signal;
  });
  const { outcome, abort } = call(filter);
  await hasBegun;
  abort();
  goOn();
  expect(await outcome).toEqual({ status: "done", value: { type: "Json", data: true } });
});

test("the context says where the call runs, and passes the signal on", async () => {
  let begun = () => {};
  const hasBegun = new Promise<void>((resolve) => (begun = resolve));
  const filter = defineFilter("f", async (_x: number, ctx) => {
    const { nodeId, planId, attempt, workerId } = ctx;
    begun();
    await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    return { nodeId, planId, attempt, workerId };
  });
  const { outcome, abort } = call(filter);
  await hasBegun;
  abort();
  expect(await outcome).toMatchObject({
    value: { data: { nodeId: "n", planId: "p", attempt: 3, workerId: "w" } },
  });
});

test("a context that is spread into another one keeps its signal", async () => {
  const filter = defineFilter("f", (_x: number, ctx) => {
    const copy = { ...ctx };
    return [copy.signal === ctx.signal, copy.nodeId];
  });
  expect(await call(filter).outcome).toMatchObject({ value: { data: [true, "n"] } });
});

test("a call that is told to stop before its filter begins does not begin it", async () => {
  const ran: number[] = [];
  const { outcome, abort } = call(defineFilter("f", (x: number) => ran.push(x)));
  abort();
  expect(await outcome).toMatchObject({ error: { code: "CANCELLED" } });
  expect(ran).toEqual([]);
});

test("input, params and output go through their schemas", async () => {
  const filter = defineFilter("f", {
    input: z.number().transform((x) => x + 1),
    params: z.object({ by: z.number().default(10) }),
    output: z.number().max(100),
    forward: (x, ctx) => x * ctx.params.by,
  });
  expect(await call(filter, { params: {} }).outcome).toMatchObject({ value: { data: 30 } });
  expect(await call(filter, { params: {}, input: json("two" as never) }).outcome).toMatchObject({
    error: {
      code: "INPUT_INVALID",
      node_id: "n",
      details: { nodeId: "n", issues: [{ path: "$", message: expect.stringContaining("number") }] },
    },
  });
  expect(await call(filter, { params: { by: "x" } }).outcome).toMatchObject({
    error: { code: "PARAMS_INVALID", details: { issues: [{ path: "$.by" }] } },
  });
  expect(await call(filter, { params: { by: 1000 } }).outcome).toMatchObject({
    error: { code: "OUTPUT_INVALID" },
  });
});

test("a thrown error is FILTER_ERROR with its own stack, retryable where it says so", async () => {
  const filter = defineFilter("f", (x: number) => {
    throw Object.assign(new RangeError(`no ${x}`), { retryable: true });
  });
  const outcome = await call(filter).outcome;
  expect(outcome).toMatchObject({
    error: {
      code: "FILTER_ERROR",
      message: 'node "n" failed: no 2',
      retryable: true,
      cause: { name: "RangeError", message: "no 2" },
    },
  });
  const stack = (outcome.status === "failed" && outcome.error.cause?.stack) || "";
  expect(stack).toContain("call.test.ts");
  expect(stack.split("\n")).toHaveLength(2);
});

test.each([
  ["a string", "boom", "boom"],
  ["undefined", undefined, "undefined"],
  [
    "an object that can't be read",
    new Proxy(
      {},
      {
        has: () => {
          throw new Error();
        },
      },
    ),
    "can't be read",
  ],
])("%s can be thrown", async (_what, thrown, message) => {
  const filter = defineFilter("f", () => {
    throw thrown;
  });
  expect(await call(filter).outcome).toMatchObject({
    error: { code: "FILTER_ERROR", message: expect.stringContaining(message) },
  });
});

test("an output that can't travel is VALUE_UNSUPPORTED with its place", async () => {
  const filter = defineFilter("f", (): unknown => ({ rows: [{ when: new Date(0) }] }));
  expect(await call(filter).outcome).toMatchObject({
    error: {
      code: "VALUE_UNSUPPORTED",
      message: expect.stringContaining('the output of node "n"'),
      details: { path: "$.rows[0].when", found: "Date" },
    },
  });
});

test("progress is throttled, and kept between 0 and 1", async () => {
  const filter = defineFilter("f", (x: number, ctx) => {
    for (let i = 0; i < 1000; i++) ctx.progress(i / 1000);
    ctx.progress(7);
    return x;
  });
  const { outcome, reports } = call(filter);
  await outcome;
  const fractions = reports.map((report) => report.kind === "progress" && report.fraction);
  expect(fractions[0]).toBe(0);
  expect(fractions.at(-1)).toBe(1);
  expect(fractions.length).toBeLessThan(100);
});

test("log lines are bounded in number and length, and never fail the filter", async () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const filter = defineFilter("f", (x: number, ctx) => {
    ctx.log("x".repeat(10_000));
    ctx.log("circle", circle);
    ctx.log("big", { text: "x".repeat(10_000) });
    for (let i = 0; i < 2000; i++) ctx.log("more");
    return x;
  });
  const { outcome, reports } = call(filter);
  expect(await outcome).toMatchObject({ status: "done" });
  expect(reports).toHaveLength(1001);
  expect(reports[0]).toMatchObject({ message: `${"x".repeat(8192)}…` });
  expect(reports[1]).toMatchObject({ fields: { dropped: expect.stringContaining("no JSON") } });
  expect(reports[2]).toMatchObject({ fields: { dropped: expect.stringContaining("characters") } });
  expect(reports[1000]).toMatchObject({ message: expect.stringContaining("dropped") });
});
