// A client in a process of its own that is killed while it submits.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Ordered } from "./plans.js";
import type { Fleet } from "./processes.js";

const SUBMITTER = fileURLToPath(new URL("fixtures/submitter.mjs", import.meta.url));

/** The ids that it was told were accepted, before it was killed: `livesMs` after it was told of the first, or when it has none left. */
export async function submitUntilKilled(
  fleet: Fleet,
  orders: readonly Ordered[],
  livesMs: number,
): Promise<string[]> {
  const url = `ws://127.0.0.1:${fleet.coordinator.port}`;
  const child = spawn(process.execPath, [SUBMITTER, url], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  child.stdin.on("error", () => {}); // it may have ended
  child.stdin.end(JSON.stringify(orders.map(({ document }) => document)));
  await Promise.race([once(child.stdout, "data"), ended]);
  await Promise.race([sleep(livesMs), ended]);
  child.kill("SIGKILL");
  await ended;
  return printed.split("\n").slice(0, -1);
}
