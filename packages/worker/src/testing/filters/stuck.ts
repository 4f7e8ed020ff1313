import { existsSync } from "node:fs";
import { defineFilter } from "@planwire/plan";

/** Waits until it is told to stop. */
export const obedient = defineFilter("obedient", async (_x: unknown, ctx) => {
  ctx.log("begun");
  await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve, { once: true }));
  return "stopped";
});

/** Blocks its thread until the file is there. */
function blockUntil(file: string): string {
  while (!existsSync(file)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  return "released";
}
export const blocks = defineFilter("blocks", blockUntil);
export const blocksInline = defineFilter("blocks-inline", {
  isolate: "inline",
  forward: blockUntil,
});

function blockForEver(): never {
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
}

/** Never returns, whatever it is told. */
export const stubborn = defineFilter("stubborn", (_x: unknown, ctx): string => {
  ctx.log("begun");
  blockForEver();
});
export const stubbornProcess = defineFilter("stubborn-process", {
  isolate: "process",
  forward: async (_x: unknown, ctx): Promise<string> => {
    ctx.log("begun", { pid: process.pid });
    // What a process sends may leave with its event loop only, unlike what a thread posts.
    await new Promise((resolve) => setImmediate(resolve));
    return blockForEver();
  },
});
export const stubbornInline = defineFilter("stubborn-inline", {
  isolate: "inline",
  forward: (_x: unknown, ctx) => {
    ctx.log("begun");
    return new Promise<string>(() => {});
  },
});

export const limited = defineFilter("limited", {
  timeoutMs: 50,
  forward: (): string => blockForEver(),
});

/** Ends its thread, or its process, in one of two ways. */
export const dies = defineFilter("dies", async (how: "exit" | "throw") => {
  if (how === "exit") process.exit(3);
  setTimeout(() => {
    throw new Error("thrown where nobody catches");
  });
  await new Promise(() => {});
});

export const processDies = defineFilter("process-dies", {
  isolate: "process",
  forward: () => process.kill(process.pid, "SIGKILL"),
});

/** Shows that a thread works again. */
export const obliging = defineFilter("obliging", (x: unknown) => String(x));
