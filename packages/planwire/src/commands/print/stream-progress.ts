import { stat } from "node:fs/promises";
import { SingleBar, Presets } from "cli-progress";
import { STDIN } from "../input/read-text.js";
import { durationText } from "./duration.js";
import type { Screen } from "./screen.js";

/** Where stderr is no terminal, a line now and then, in milliseconds. */
const LINE_EVERY_MS = 5_000;

/** Shows how far a stream is, on stderr; `end` leaves a summary. */
export interface StreamProgress {
  readonly countBytes: (bytes: number) => void;
  /** The same chunks, counted as they are taken. */
  countIn<T>(chunks: AsyncIterable<T[]>): AsyncIterable<T[]>;
  countOut(rows: number): void;
  end(): void;
}

export async function streamProgress(file: string, screen: Screen): Promise<StreamProgress> {
  const total = file === STDIN ? undefined : await sizeOf(file);
  return new CountedProgress(screen, total);
}

class CountedProgress implements StreamProgress {
  readonly #screen: Screen;
  readonly #total: number | undefined;
  readonly #bar: SingleBar | undefined;
  readonly #begun = performance.now();
  #told = this.#begun;
  #bytes = 0;
  #chunks = 0;
  #rowsIn = 0;
  #rowsOut = 0;

  constructor(screen: Screen, total: number | undefined) {
    this.#screen = screen;
    this.#total = total;
    // Rows that scroll by would tear a bar apart.
    if (screen.bars && !screen.out.isTTY && total !== undefined) {
      const format = "{bar} {percentage}% | {state} | {eta_formatted} left";
      const options = { stream: screen.bars, format, clearOnComplete: true, linewrap: true };
      this.#bar = new SingleBar(options, Presets.shades_classic);
      this.#bar.start(total, 0, { state: "" });
    }
  }

  readonly countBytes = (bytes: number): void => {
    this.#bytes += bytes;
  };

  async *countIn<T>(chunks: AsyncIterable<T[]>): AsyncIterable<T[]> {
    for await (const chunk of chunks) {
      this.#chunks += 1;
      this.#rowsIn += chunk.length;
      yield chunk;
    }
  }

  countOut(rows: number): void {
    this.#rowsOut += rows;
    if (this.#bar) return this.#bar.update(this.#bytes, { state: this.#state() });
    const now = performance.now();
    if (now - this.#told < LINE_EVERY_MS) return;
    this.#told = now;
    const share = this.#total ? `${Math.floor((this.#bytes / this.#total) * 100)} %, ` : "";
    this.#screen.say(`${share}${this.#state()}`);
  }

  end(): void {
    this.#bar?.stop();
    const took = durationText(performance.now() - this.#begun);
    const chunks = `${count(this.#chunks)} ${this.#chunks === 1 ? "chunk" : "chunks"}`;
    this.#screen.say(`${this.#state()} in ${chunks}, ${took}`);
  }

  #state(): string {
    return `${count(this.#rowsIn)} rows in, ${count(this.#rowsOut)} out`;
  }
}

function count(n: number): string {
  return n.toLocaleString("en-US");
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    const { size } = await stat(file);
    return size > 0 ? size : undefined; // A pipe has none.
  } catch {
    return undefined; // Reading it will say why.
  }
}
