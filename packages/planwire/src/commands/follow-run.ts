import type { Run } from "@planwire/client";
import type { Outcome } from "@planwire/protocol";
import { runProgress } from "./print/run-progress.js";
import type { Screen } from "./print/screen.js";

/** How long a plan may wait before the reason is told, in milliseconds. */
const PATIENCE_MS = 2_000;

/** Waits for the end of a run, and shows meanwhile what it does, or why it waits. */
export async function followRun(run: Run<unknown>, screen: Screen): Promise<Outcome> {
  const progress = runProgress(screen);
  const waiting = setTimeout(() => void explain(run, screen), PATIENCE_MS);
  try {
    for await (const event of run.events()) {
      if (event.type !== "Accepted") clearTimeout(waiting);
      progress.show(event);
    }
  } finally {
    clearTimeout(waiting);
    progress.end();
  }
  return run.outcome();
}

async function explain(run: Run<unknown>, screen: Screen): Promise<void> {
  try {
    screen.say(screen.sayStyle.yellow(await run.explain()));
  } catch {
    // It ended meanwhile, or the connection is away: both are told elsewhere.
  }
}
