// Whether memory is flat: what a process needed in the last third of the time, against the middle third.

const MIB = 1024 * 1024;
/** The heap is measured after a collection, so it says more than what the system lent the process. */
const RULES = {
  heap: { share: 0.1, bytes: 6 * MIB },
  rss: { share: 0.15, bytes: 24 * MIB },
};
/** Fewer samples say nothing: a third has at least four. */
export const LEAST_SAMPLES = 12;

/** @typedef {{ name: string, heap: number, rss: number }} Sample bytes of one process at one time */

export const RULE_TEXT =
  "flat: the median of the last third exceeds that of the middle third by at most " +
  Object.entries(RULES)
    .map(([what, { share, bytes }]) => `${share * 100} % or ${bytes / MIB} MiB (${what})`)
    .join(", ");

/** @param {readonly Sample[]} samples of all processes, in the order of time @returns {{ text: string, isFlat: boolean }[]} */
export function judgeMemory(samples) {
  const names = [...new Set(samples.map(({ name }) => name))];
  return names.flatMap((name) => {
    const own = samples.filter((one) => one.name === name);
    if (own.length < LEAST_SAMPLES) return [];
    return [judged(name, "heap", own), judged(name, "rss", own)];
  });
}

/** @param {string} name @param {"heap" | "rss"} what @param {readonly Sample[]} samples */
function judged(name, what, samples) {
  const third = Math.floor(samples.length / 3);
  const bytes = samples.map((one) => one[what]);
  const middle = median(bytes.slice(third, -third));
  const last = median(bytes.slice(-third));
  const { share, bytes: most } = RULES[what];
  const isFlat = last - middle <= Math.max(share * middle, most);
  const text = `${name}: ${what} ${mib(middle)} MiB, then ${mib(last)} MiB: ${isFlat ? "flat" : "GROWS"}`;
  return { text, isFlat };
}

/** @param {readonly number[]} numbers */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** @param {number} bytes */
export function mib(bytes) {
  return (bytes / MIB).toFixed(1);
}
