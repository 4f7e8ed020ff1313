// What goes wrong, when: drawn from a seed, and written down so that it can be told with a failure.
import { setTimeout as sleep } from "node:timers/promises";
import { Chance } from "../chance.js";

/** PLANWIRE_CHAOS_SEED=7 tells one run again, PLANWIRE_CHAOS_SEEDS=20 runs twenty from there on. */
export const SEEDS: readonly number[] = Array.from(
  { length: Number(process.env["PLANWIRE_CHAOS_SEEDS"] ?? 1) },
  (_, index) => Number(process.env["PLANWIRE_CHAOS_SEED"] ?? 1) + index,
);

export interface Fault {
  readonly weight: number;
  /** Does it and undoes it; returns what it did, in words. */
  readonly happen: (chance: Chance) => Promise<string>;
}

/** At most so many faults, with pauses between them. Milliseconds. */
export interface Rhythm {
  readonly faults: number;
  readonly least: number;
  readonly most: number;
}

/** Draws one fault after the other until told to end. */
export class Schedule {
  readonly seed: number;
  readonly lines: string[] = [];
  readonly #begun = Date.now();

  constructor(seed: number) {
    this.seed = seed;
    this.note(`seed ${seed}, from ${this.#begun} on`);
  }

  /** For each that draws at the same time as others one of its own: so they don't take each other's numbers. */
  chance(drawer: number): Chance {
    return new Chance(this.seed * 1_000 + drawer);
  }

  note(what: string): void {
    this.lines.push(`+${String(Date.now() - this.#begun).padStart(6)} ms  ${what}`);
  }

  /** At least one fault happens, however fast the work is, and at most so many, however slow. */
  async run(
    faults: readonly Fault[],
    chance: Chance,
    rhythm: Rhythm,
    goesOn: () => boolean,
  ): Promise<void> {
    for (let happened = 0; happened < rhythm.faults; happened++) {
      if (happened > 0 && !goesOn()) return;
      await sleep(chance.between(rhythm.least, rhythm.most));
      this.note(await drawn(faults, chance).happen(chance));
    }
  }
}

function drawn(faults: readonly Fault[], chance: Chance): Fault {
  const total = faults.reduce((sum, { weight }) => sum + weight, 0);
  let left = chance.next() * total;
  const fault = faults.find(({ weight }) => (left -= weight) < 0) ?? faults.at(-1);
  if (!fault) throw new Error("there are no faults to draw from");
  return fault;
}
