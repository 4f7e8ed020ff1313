// Small statistics: medians and ratios of paired runs.

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/**
 * Runs each in turn, `rounds` times, so that a machine whose speed drifts treats them alike.
 * @param {Record<string, () => Promise<number>>} sides @param {number} rounds
 * @returns {Promise<Record<string, number[]>>}
 */
export async function inTurn(sides, rounds) {
  /** @type {Record<string, number[]>} */
  const figures = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, side] of Object.entries(sides)) {
      const figure = await side();
      if (round > 0) figures[name]?.push(figure); // the first round warms up
    }
  }
  return figures;
}

/**
 * The median of the ratios of each round to the same round of `base`.
 * @param {readonly number[]} values @param {readonly number[]} base
 */
export function ratio(values, base) {
  return median(values.map((value, i) => value / (base[i] ?? NaN)));
}
