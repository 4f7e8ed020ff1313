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

/** A bar for each node that runs; lines scroll above them. */
class BarProgress implements RunProgress {
  readonly #screen: Screen;
  readonly #bars: MultiBar;
  readonly #barOf = new Map<string, SingleBar>();

  constructor(screen: Screen, stream: NodeJS.WriteStream) {
    this.#screen = screen;
    this.#bars = new MultiBar(
      { stream, clearOnComplete: true, hideCursor: true, format: "{bar} {percentage}% {node}" },
      Presets.shades_classic,
    );
  }

  show(event: RunEvent): void {
    if (event.type === "NodeStarted") this.#bar(event.nodeId)?.update(0);
    if (event.type === "NodeProgress") this.#bar(event.nodeId)?.update(event.fraction);
    if (event.type === "NodeCompleted" || event.type === "NodeFailed") this.#remove(event.nodeId);
    const line = runLine(event, this.#screen.sayStyle);
    if (line === undefined) return;
    if (this.#barOf.size > 0) this.#bars.log(`${line}\n`);
    else this.#screen.say(line);
  }

  end(): void {
    this.#bars.stop();
  }

  #bar(nodeId: string): SingleBar | undefined {
    const known = this.#barOf.get(nodeId);
    if (known || this.#barOf.size >= MOST_BARS) return known;
    const bar = this.#bars.create(1, 0, { node: nodeId });
    this.#barOf.set(nodeId, bar);
    return bar;
  }

  #remove(nodeId: string): void {
    const bar = this.#barOf.get(nodeId);
    if (!bar) return;
    this.#bars.remove(bar);
    this.#barOf.delete(nodeId);
  }
}
