import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { RunEvent } from "@planwire/client";
import { runLine } from "./run-line.js";
import type { Screen } from "./screen.js";

/** Shows a run as it goes on, on stderr. */
export interface RunProgress {
  show(event: RunEvent): void;
  /** Clears what was drawn. */
  end(): void;
}

export function runProgress(screen: Screen): RunProgress {
  return screen.bars ? new BarProgress(screen, screen.bars) : new LineProgress(screen);
}

/** Lines only; progress when a node has come a quarter further. */
class LineProgress implements RunProgress {
  readonly #screen: Screen;
  readonly #told = new Map<string, number>();

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  show(event: RunEvent): void {
    const line =
      event.type === "NodeProgress" ? this.#progress(event) : runLine(event, this.#screen.sayStyle);
    if (line !== undefined) this.#screen.say(line);
  }

  end(): void {}

  #progress({ nodeId, fraction }: { nodeId: string; fraction: number }): string | undefined {
    const quarters = Math.floor(fraction * 4);
    if (quarters === (this.#told.get(nodeId) ?? 0)) return undefined;
    this.#told.set(nodeId, quarters);
    return `${nodeId} ${Math.round(fraction * 100)} %`;
  }
}

/** Bars beyond these would scroll the terminal. */
const MOST_BARS = 12;
const LONGEST_NAME = 32;

/** A bar for each node, full when it is done; lines scroll above them. */
class BarProgress implements RunProgress {
  readonly #screen: Screen;
  readonly #bars: MultiBar;
  readonly #barOf = new Map<string, SingleBar>();

  constructor(screen: Screen, stream: NodeJS.WriteStream) {
    this.#screen = screen;
    const format = "{bar} {percentage}% {node}";
    // Wrapping stays on: whoever is killed could not turn it on again.
    const options = { stream, format, clearOnComplete: true, linewrap: true };
    this.#bars = new MultiBar(options, Presets.shades_classic);
  }

  show(event: RunEvent): void {
    if (event.type === "NodeStarted") this.#bar(event.nodeId)?.update(0);
    if (event.type === "NodeProgress") this.#bar(event.nodeId)?.update(event.fraction);
    if (event.type === "NodeCompleted") this.#bar(event.nodeId)?.update(1);
    const line = runLine(event, this.#screen.sayStyle);
    if (line !== undefined) this.#say(line);
  }

  end(): void {
    if (this.#barOf.size > 0) this.#bars.stop();
  }

  #say(line: string): void {
    if (this.#barOf.size === 0) return this.#screen.say(line);
    this.#bars.log(`${line}\n`);
    this.#bars.update(); // What waits to be logged when the bars stop is lost.
  }

  #bar(nodeId: string): SingleBar | undefined {
    const known = this.#barOf.get(nodeId);
    if (known || this.#barOf.size >= MOST_BARS) return known;
    const bar = this.#bars.create(1, 0, { node: nodeId.slice(0, LONGEST_NAME) });
    this.#barOf.set(nodeId, bar);
    return bar;
  }
}
