import { setTimeout as sleep } from "node:timers/promises";
import { defineFilter } from "planwire";

export const echo = defineFilter("echo", (/** @type {unknown} */ x) => x);
export const echoInline = defineFilter("echo-inline", {
  isolate: "inline",
  forward: (/** @type {unknown} */ x) => x,
});
export const echoProcess = defineFilter("echo-process", {
  isolate: "process",
  forward: (/** @type {unknown} */ x) => x,
});
export const double = defineFilter("double", (/** @type {import("planwire").Tensor} */ { data }) =>
  Float64Array.from(data, (x) => 2 * Number(x)),
);
export const fails = defineFilter("fails", (/** @type {number} */ x) => {
  throw new RangeError(`no use for ${x}`);
});
/** Takes its thread with it. */
export const dies = defineFilter("dies", () => process.exit(3));
/** Sleeps, and stops when it is told to. */
export const sleeps = defineFilter("sleeps", async (/** @type {number} */ ms, ctx) => {
  await sleep(ms, undefined, { signal: ctx.signal });
  return ms;
});
export const reports = defineFilter("reports", async (/** @type {number} */ lines, ctx) => {
  for (let i = 0; i < lines; i++) {
    ctx.log(`line ${i}`, { i });
    ctx.progress((i + 1) / lines);
    if (i % 10 === 0) await sleep(1);
  }
  return lines;
});
