import { setTimeout as sleep } from "node:timers/promises";
import { plan, type Planwire } from "planwire";
import { double, plusOne } from "./fixtures/neighbour-filters.js";

/** What a well-behaved client does beside a fuzzed one: plans and streams, one after the other, whose results are known. */
export class Neighbour {
  readonly wrong: string[] = [];
  plans = 0;
  streams = 0;
  #stopped = false;
  readonly #ended: Promise<unknown>;

  constructor(pw: Planwire) {
    this.#ended = Promise.all([this.#runPlans(pw), this.#runStreams(pw)]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async #runPlans(pw: Planwire): Promise<void> {
    const steps = plan("neighbour").pipe(double).pipe(plusOne);
    for (let x = 0; !this.#stopped; x++) {
      await this.#expect(`plan of ${x}`, 2 * x + 1, () => pw.run(steps, x));
      this.plans += 1;
      await sleep(2);
    }
  }

  async #runStreams(pw: Planwire): Promise<void> {
    const steps = plan("neighbour-stream").pipe(double);
    const input = Array.from({ length: 20 }, (_, index) => index);
    while (!this.#stopped) {
      await this.#expect("stream", JSON.stringify(input.map((x) => 2 * x)), async () => {
        const results: number[] = [];
        for await (const result of pw.stream(steps, input)) results.push(result);
        return JSON.stringify(results);
      });
      this.streams += 1;
      await sleep(20);
    }
  }

  async #expect<T>(what: string, expected: T, run: () => Promise<T>): Promise<void> {
    try {
      const got = await run();
      if (got !== expected) this.wrong.push(`${what}: ${String(got)}`);
    } catch (error) {
      this.wrong.push(`${what}: ${String(error)}`);
    }
  }
}
