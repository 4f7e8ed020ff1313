// Starts `planwire ...` as a user would: a process of its own, from what is built.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../../packages/planwire/bin/planwire.js", import.meta.url));
export const fixture = (name: string): string =>
  fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
/** A plan of the fixtures, as commands take it. */
export const plans = (name: string): string => `${fixture("plans.ts")}#${name}`;

/** One line that `--json` printed. */
export type Line = { readonly event: string } & Readonly<Record<string, unknown>>;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Of stdout, as JSON lines. */
  readonly lines: () => Line[];
}

export interface StartOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const running = new Set<PlanwireProcess>();

export class PlanwireProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";
  readonly #waiting = new Set<() => void>();

  constructor(args: readonly string[], { input, cwd, env }: StartOptions) {
    const { PLANWIRE_URL: _url, PLANWIRE_TOKEN: _token, ...inherited } = process.env;
    this.child = spawn(process.execPath, [command, ...args], {
      cwd,
      env: { ...inherited, NO_COLOR: "1", ...env },
      stdio: "pipe",
    });
    running.add(this);
    this.child.stdin.on("error", () => {}); // It may end before it has read all.
    if (input !== undefined) this.child.stdin.end(input);
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => this.#took("stdout", text));
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => this.#took("stderr", text));
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code) => {
        running.delete(this);
        this.#wake();
        resolve({ code, stdout: this.stdout, stderr: this.stderr, lines: () => this.lines() });
      });
    });
  }

  get hasEnded(): boolean {
    return !running.has(this);
  }

  lines(): Line[] {
    const complete = this.stdout.split("\n").slice(0, -1);
    return complete.filter((line) => line !== "").map((line) => JSON.parse(line) as Line);
  }

  /** The `n`th line with this event, once it was printed. */
  async line(event: string, n = 1): Promise<Line> {
    return this.until(`${n} line(s) with event ${event}`, () => {
      return this.lines().filter((line) => line.event === event)[n - 1];
    });
  }

  /** Once stderr holds this text. */
  async said(text: string): Promise<void> {
    await this.until(`stderr with "${text}"`, () =>
      this.stderr.includes(text) ? true : undefined,
    );
  }

  async until<T>(what: string, find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.hasEnded) {
        throw new Error(`it ended without ${what}\n${this.stdout}\n${this.stderr}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }

  #took(where: "stdout" | "stderr", text: string): void {
    this[where] += text;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

export function start(args: readonly string[], options: StartOptions = {}): PlanwireProcess {
  return new PlanwireProcess(args, options);
}

/** Runs to the end, with nothing on stdin unless an input is given. */
export function run(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return start(args, { input: "", ...options }).ended;
}

/** What a test that failed may have left behind. */
export async function endAll(except: readonly PlanwireProcess[] = []): Promise<void> {
  const left = [...running].filter((each) => !except.includes(each));
  await Promise.all(left.map((each) => each.stop("SIGKILL")));
}

export interface Fleet {
  readonly url: string;
  readonly coordinator: PlanwireProcess;
  readonly processes: readonly PlanwireProcess[];
}

/** A coordinator in memory and one worker with the fixtures' filters. */
export async function startFleet(): Promise<Fleet> {
  const coordinator = start(["coordinator", "--port", "0", "--store", "memory", "--json"]);
  const url = String((await coordinator.line("listening"))["url"]);
  const filters = ["--filters", fixture("filters.ts")];
  const worker = start(["worker", "--coordinator", url, "--id", "one", ...filters, "--json"]);
  await worker.line("registered");
  return { url, coordinator, processes: [coordinator, worker] };
}
