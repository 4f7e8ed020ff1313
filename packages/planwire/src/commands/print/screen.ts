import type { Writable } from "node:stream";
import { openStdout, type Stdout } from "./stdout.js";
import { styleFor, type Style } from "./style.js";

/** Where a command prints: results go to `out`, everything for people to `say`. */
export interface Screen {
  readonly out: Stdout;
  /** One or more lines on stderr. */
  say(lines: string): void;
  readonly sayStyle: Style;
  /** Where progress bars are drawn; undefined where stderr is no terminal. */
  readonly bars: NodeJS.WriteStream | undefined;
}

export function openScreen(): Screen {
  const { stdout, stderr } = process;
  // Nobody reads what is said any more: that is no reason to stop the work.
  stderr.on("error", () => {});
  return {
    out: openStdout(stdout),
    say: (lines) => sayTo(stderr, lines),
    sayStyle: styleFor(stderr),
    bars: stderr.isTTY ? stderr : undefined,
  };
}

function sayTo(stream: Writable, lines: string): void {
  if (stream.writable) stream.write(`${lines}\n`);
}
