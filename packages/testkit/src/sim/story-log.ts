import { createHash } from "node:crypto";

interface Line {
  readonly text: string;
  readonly planId: string | undefined;
}

/** What happened, in its order. The same seed gives the same lines, byte for byte. */
export class StoryLog {
  readonly #lines: Line[] = [];

  add(mono: number, who: string, what: string, planId?: string): void {
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
