import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LineError } from "../print/json-lines.js";

export interface WorkerProcessOptions {
  readonly id: string;
  readonly url: string;
  readonly files: readonly string[];
  readonly token: string | undefined;
  /** What it says on stderr once it runs: logs, what filters print. */
  readonly onLine: (line: string) => void;
}

/** How a worker's start went: it is registered, or why it never was. */
export type Start =
  | { readonly registered: true }
  | { readonly registered: false; readonly error: LineError };

/** A `planwire worker` of its own: a filter that crashes or blocks harms neither the coordinator nor `dev`. */
export class WorkerProcess {
  readonly id: string;
  readonly started: Promise<Start>;
  readonly exited: Promise<"left" | "died">;
  readonly #child: ChildProcess;

  constructor({ id, url, files, token, onLine }: WorkerProcessOptions) {
    this.id = id;
    const command = fileURLToPath(new URL("../../../bin/planwire.js", import.meta.url));
    const filters = files.flatMap((file) => ["--filters", file]);
    const args = [command, "worker", "--coordinator", url, "--id", id, ...filters, "--json"];
    // The ipc channel carries nothing: its end tells the worker that `dev` is gone, however it went.
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // Not among the arguments, which every user of the machine can read.
      env: token === undefined ? process.env : { ...process.env, PLANWIRE_TOKEN: token },
    });
    this.#child = child;
    this.exited = new Promise((resolve) => {
      child.once("close", (code) => resolve(code === 0 ? "left" : "died"));
      child.once("error", () => resolve("died"));
    });
    this.started = readStart(child, onLine);
  }

  /** It finishes what it has, and leaves. */
  async drain(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.exited;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

async function readStart(child: ChildProcess, onLine: (line: string) => void): Promise<Start> {
  const { stdout, stderr } = child as ChildProcess & { stdout: Readable; stderr: Readable };
  const said: string[] = [];
  let tell = (line: string): void => void said.push(line);
  createInterface(stderr).on("line", (line) => tell(line));
  const lines = createInterface(stdout);
  return new Promise((resolve) => {
    const end = (start: Start) => {
      // A failure says everything in its error; a start goes on talking.
      if (start.registered) for (const line of said) onLine(line);
      tell = start.registered ? onLine : () => {};
      resolve(start);
    };
    lines.on("line", (line) => {
      const { event, error } = parseLine(line);
      if (event === "registered") end({ registered: true });
      if ((event === "refused" || event === "error") && error) end({ registered: false, error });
    });
    child.once("error", (error) => end({ registered: false, error: died(error.message) }));
    child.once("close", () => end({ registered: false, error: died(said.join("\n")) }));
  });
}

function died(why: string): LineError {
  return { code: "INTERNAL", message: `a worker ended before it was ready: ${why}` };
}

function parseLine(line: string): { event?: string; error?: LineError } {
  try {
    return JSON.parse(line) as { event?: string; error?: LineError };
  } catch {
    return {};
  }
}
