export interface Now {
  readonly mono: number;
  readonly wall: number;
}

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const MADE = Date.UTC(2026, 0, 1);

/** Virtual time, in milliseconds. Whatever is to happen happens at its moment, and at one moment in the order in which it was said. */
export class Clock {
  mono = 0;
  /** Grows and shrinks by jumps; `mono` never does. */
  wallOffset = MADE;
  #order = 0;
  readonly #heap: Entry[] = [];

  get now(): Now {
    return { mono: this.mono, wall: Math.floor(this.mono) + this.wallOffset };
  }

  at(mono: number, run: () => void): void {
    this.#push({ at: Math.max(mono, this.mono), order: this.#order++, run });
  }

  after(ms: number, run: () => void): void {
    this.at(this.mono + ms, run);
  }

  /** Lets happen all that is due until then. */
  runUntil(mono: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= mono; next = this.#heap[0]) {
      this.#pop();
      this.mono = next.at;
      next.run();
    }
    this.mono = mono;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || isBefore(parent, entry)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      let child = heap[below];
      if (child === undefined) break;
      const other = heap[below + 1];
      if (other !== undefined && isBefore(other, child)) {
        below += 1;
        child = other;
      }
      if (isBefore(last, child)) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
