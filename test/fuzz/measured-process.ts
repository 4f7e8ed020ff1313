import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const PROBE = new URL("../../bench/soak/heap-probe.mjs", import.meta.url).href;

export interface Memory {
  readonly rssBytes: number;
  /** Of each thread after a garbage collection, the main one first. */
  readonly heapBytes: readonly number[];
  readonly resources: number;
}

/** A process whose memory can be asked for, and whose lines on stderr are kept where they matter. */
export class MeasuredProcess {
  readonly child: ChildProcess;
  /** Lines that tell of a fault: errors in the log, and whatever else is no log line. */
  readonly faults: string[] = [];
  #measured = 0;

  constructor(script: URL, args: readonly string[]) {
    this.child = fork(fileURLToPath(script), args, {
      execArgv: ["--import", PROBE],
      stdio: ["ignore", "inherit", "pipe", "ipc"],
    });
    let rest = "";
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines)
        if (isFault(line) && this.faults.length < 20) this.faults.push(line);
    });
    this.child.on("exit", (code, signal) => {
      if (code !== 0 && signal !== "SIGTERM") this.faults.push(`it ended with ${code ?? signal}`);
    });
  }

  /** The next message in which `key` is told. */
  async told<T>(key: string): Promise<T> {
    for (;;) {
      const [message] = (await once(this.child, "message")) as [Record<string, T>];
      const value = message[key];
      if (value !== undefined) return value;
    }
  }

  async memory(): Promise<Memory> {
    this.child.send({ measure: ++this.#measured });
    return this.told<Memory>("memory");
  }

  async heapBytes(): Promise<number> {
    return (await this.memory()).heapBytes.reduce((sum, bytes) => sum + bytes, 0);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    await ended;
  }
}

/** Levels of the log's lines: 50 is an error, 60 fatal. */
function isFault(line: string): boolean {
  return line.trim() !== "" && !/^\{"level":[1-4]0,/.test(line);
}
