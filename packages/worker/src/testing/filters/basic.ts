import { defineFilter } from "@planwire/plan";
import { threadId } from "node:worker_threads";

export const double = defineFilter("double", (x: number) => x * 2);

export const doubleInline = defineFilter("double-inline", {
  isolate: "inline",
  forward: (x: number) => x * 2,
});

export const doubleProcess = defineFilter("double-process", {
  isolate: "process",
  forward: (x: number) => ({ doubled: x * 2, pid: process.pid }),
});

export const where = defineFilter("where", () => ({ thread: threadId, pid: process.pid }));

export const whereInline = defineFilter("where-inline", {
  isolate: "inline",
  forward: () => ({ thread: threadId, pid: process.pid }),
});

interface Spread {
  mean: number;
}

export const center = defineFilter("center", {
  fit: (xs: number[], y: number): Spread => ({
    mean: xs.reduce((sum, x) => sum + x, 0) / xs.length + y,
  }),
  forward: (xs, state) => xs.map((x) => x - state.mean),
});

export const fails = defineFilter("fails", (x: { deep: number }) => {
  if (x.deep > 0) throw new RangeError(`too deep: ${x.deep}`);
  return x;
});

export const logs = defineFilter("logs", (lines: number, ctx) => {
  for (let i = 0; i < lines; i++) ctx.log(`line ${i}`, { i });
  ctx.progress(1);
  return lines;
});

export const proxy = defineFilter("proxy", (): number[] => new Proxy([1], {}));
export const proxyInline = defineFilter("proxy-inline", {
  isolate: "inline",
  forward: (): number[] => new Proxy([1], {}),
});

export const bytes = defineFilter("bytes", (x: Uint8Array) => x.map((byte) => byte + 1));

/** Changes what it is given: each call must have params of its own. */
const takesFrom = (_x: unknown, ctx: { params: { left: string[] } }) => {
  ctx.params.left.pop();
  return ctx.params.left.length;
};
export const takes = defineFilter("takes", { forward: takesFrom as never });
export const takesInline = defineFilter("takes-inline", {
  isolate: "inline",
  forward: takesFrom as never,
});
