// How many small plans a second, 256 in flight.
import { inTurn, median, ratio } from "./measure.mjs";
import { onAllSides, RELAY } from "./sides.mjs";

const INPUT = { order: 17, items: ["a", "b"], total: 12.5 };
const IN_FLIGHT = 256;

/** @param {() => Promise<unknown>} one @param {number} count */
async function perSecond(one, count) {
  const began = performance.now();
  let left = count;
  const lane = async () => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  return count / ((performance.now() - began) / 1000);
}

/** @param {{ quick: boolean, sqliteFile: string }} options */
export async function plansPerSecond({ quick, sqliteFile }) {
  const count = quick ? 4_000 : 20_000;
  const figures = await onAllSides(sqliteFile, INPUT, (sides) => {
    const timed = Object.entries(sides).map(([what, one]) => [what, () => perSecond(one, count)]);
    return inTurn(Object.fromEntries(timed), quick ? 2 : 5);
  });
  return Object.entries(figures).map(([what, values]) => ({
    what,
    "plans/s": Math.round(median(values)),
    "ratio to the relay": Number(ratio(values, figures[RELAY] ?? []).toFixed(2)),
  }));
}
