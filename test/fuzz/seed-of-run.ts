/** Frames by `PLANWIRE_SEED`, another seed each run unless given; a failure names it. */
export function seedOfRun(): number {
  return Number(process.env["PLANWIRE_SEED"] ?? Date.now() % 1_000_000);
}
