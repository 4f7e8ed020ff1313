import { outputOf } from "../detect/command.js";

/** The driver may hang where a GPU does. */
const TIMEOUT_MS = 3000;
/** Asking takes a process each time. */
const LEAST_PAUSE_MS = 5000;

/** How busy the GPUs are, as nvidia-smi said last. Asked beside the heartbeats, one question at a time: they never wait for it. */
export class GpuLoad {
  readonly #ask: () => Promise<string | undefined>;
  #usage: readonly number[] = [];
  #isAsking = false;
  #mayAskAt = 0;

  constructor(ask = askNvidia) {
    this.#ask = ask;
  }

  /** `mono` in milliseconds. */
  sample(mono: number): readonly number[] {
    if (!this.#isAsking && mono >= this.#mayAskAt) void this.#refresh(mono);
    return this.#usage;
  }

  async #refresh(mono: number): Promise<void> {
    this.#isAsking = true;
    this.#mayAskAt = mono + LEAST_PAUSE_MS;
    const answer = await this.#ask();
    this.#isAsking = false;
    this.#usage = answer === undefined ? [] : readUsage(answer);
  }
}

function askNvidia(): Promise<string | undefined> {
  const query = ["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"];
  return outputOf("nvidia-smi", query, TIMEOUT_MS);
}

/** Lines of percent, one for each GPU; 0 for one that can't say. */
export function readUsage(csv: string): number[] {
  const lines = csv.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => /^(\d+|\[.*\])$/.test(line))
    .map((line) => Math.min(Number.parseInt(line, 10) || 0, 100) / 100);
}
