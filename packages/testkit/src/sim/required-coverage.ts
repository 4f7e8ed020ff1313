import type { Coverage } from "./coverage.js";

/** How often at least each comes up in a hundred seeds. A race that never happens proves nothing. */
const LEAST_IN_A_HUNDRED: Readonly<Record<string, number>> = {};

export function tooRare(coverage: Coverage, seeds: number): string[] {
  return Object.entries(LEAST_IN_A_HUNDRED).flatMap(([what, least]) => {
    const wanted = Math.floor((least * seeds) / 100);
    const found = coverage.of(what);
    return found >= wanted ? [] : [`${what}: ${found} times, expected at least ${wanted}`];
  });
}
