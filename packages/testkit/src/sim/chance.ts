/** All chance of a story, from its seed: the same seed gives the same story. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
    for (let i = 0; i < 4; i++) this.below(1); // neighbouring seeds drift apart
  }

  /** A whole number, 0..count-1. */
  below(count: number): number {
    return Math.floor(this.fraction() * count);
  }

  /** 0 to 1, without 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True in `percent` of a hundred cases. */
  happens(percent: number): boolean {
    return this.fraction() * 100 < percent;
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }

  /** One of several things, by their weights. */
  choose<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let roll = this.fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [what, weight] of entries) {
      roll -= weight;
      if (roll < 0) return what;
    }
    throw new Error("there is nothing to choose from");
  }
}
