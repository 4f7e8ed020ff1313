// How long one small plan takes, one at a time: the median of many.
import { inTurn, median, ratio } from "./measure.mjs";
import { onAllSides, RELAY } from "./sides.mjs";

/** @param {() => Promise<unknown>} one @param {number} count */
async function p50(one, count) {
  const times = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    await one();
    times.push(performance.now() - began);
  }
  return median(times);
}

/** @param {{ quick: boolean, sqliteFile: string }} options */
export async function roundTrip({ quick, sqliteFile }) {
  const count = quick ? 300 : 2_000;
  const figures = await onAllSides(sqliteFile, 7, (sides) => {
    const timed = Object.entries(sides).map(([what, one]) => [what, () => p50(one, count)]);
    return inTurn(Object.fromEntries(timed), quick ? 2 : 5);
  });
  return Object.entries(figures).map(([what, values]) => ({
    what,
    "p50 ms": Number(median(values).toFixed(3)),
    "times the relay": Number(ratio(values, figures[RELAY] ?? []).toFixed(2)),
  }));
}
