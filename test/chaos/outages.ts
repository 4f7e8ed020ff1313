// Times in which something was out, and times in which nothing was heard: by the wall clock, in which logs and effects are told, too.

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What the test did, and for how long. What has begun and is not over lasts until now. */
export class Outages {
  readonly #over: Span[] = [];
  #since: number | undefined;

  get spans(): Span[] {
    const since = this.#since;
    return since === undefined ? [...this.#over] : [...this.#over, { from: since, to: Date.now() }];
  }

  begin(): void {
    this.#since ??= Date.now();
  }

  end(): void {
    if (this.#since === undefined) return;
    this.#over.push({ from: this.#since, to: Date.now() });
    this.#since = undefined;
  }

  /** It was over at once; what follows from it may take longer. */
  moment(): void {
    this.begin();
    this.end();
  }
}

/** Shorter ones mean nothing to anybody. */
const LEAST_SILENCE_MS = 100;

/** Signs of life, kept as the silences between them. */
export class LifeSigns {
  readonly #silences: Span[] = [];
  #last: number | undefined;

  heard(): void {
    const now = Date.now();
    const silence = { from: this.#last ?? now, to: now };
    if (silence.to - silence.from >= LEAST_SILENCE_MS) this.#silences.push(silence);
    this.#last = now;
  }

  /** From the first sign on; the last one lasts until now. */
  get silences(): Span[] {
    if (this.#last === undefined) return [];
    return [...this.#silences, { from: this.#last, to: Date.now() }];
  }
}

/** The same times without those that overlap: in order, one after the other. */
export function merged(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && span.from <= last.to) {
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
    } else merged.push(span);
  }
  return merged;
}

/** How much of `span` lies in these. */
export function overlap(span: Span, others: readonly Span[]): number {
  return merged(others).reduce((sum, { from, to }) => {
    return sum + Math.max(0, Math.min(to, span.to) - Math.max(from, span.from));
  }, 0);
}
