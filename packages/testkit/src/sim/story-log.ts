import { createHash } from "node:crypto";
import { complain } from "../oracle/rule.js";

/** Some thirty times as many as any story has that comes to its end. */
const MOST_LINES = 100_000;

interface Line {
  readonly text: string;
  readonly planId: string | undefined;
}

/** What happened, in its order. The same seed gives the same lines, byte for byte. */
export class StoryLog {
  readonly #lines: Line[] = [];

  add(mono: number, who: string, what: string, planId?: string): void {
    if (this.#lines.length >= MOST_LINES)
      complain(`more than ${MOST_LINES} things happened: somebody answers what answers it`, planId);
    this.#lines.push({ text: `${mono.toFixed(3).padStart(11)} ${who.padEnd(11)} ${what}`, planId });
  }

  lines(): string[] {
    return this.#lines.map(({ text }) => text);
  }

  hash(): string {
    const hash = createHash("sha256");
    for (const { text } of this.#lines) hash.update(text).update("\n");
    return hash.digest("hex");
  }

  /** All that concerns a plan, and what concerns everybody. */
  storyOf(planId: string): string[] {
    return this.#lines.flatMap((line) =>
      line.planId === undefined || line.planId === planId ? [line.text] : [],
    );
  }
}
