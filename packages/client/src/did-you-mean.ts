/** The share of a name's letters that may be wrong: two letters that changed places count twice. */
const WRONG_SHARE = 0.4;

/** The offered name that is nearest to a wrong one, when it is near enough to be meant. */
export function didYouMean(wrong: string, offered: readonly string[]): string | undefined {
  const near = offered
    .map((name) => ({ name, distance: editDistance(wrong.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= WRONG_SHARE * Math.max(wrong.length, name.length));
  return near.sort((a, b) => a.distance - b.distance)[0]?.name;
}

/** How many letters must be put in, taken out or replaced. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = at(above, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      line.push(Math.min(replaced, at(above, column) + 1, at(line, column - 1) + 1));
    }
    above = line;
  }
  return at(above, b.length);
}

function at(line: readonly number[], index: number): number {
  return line[index] ?? Infinity;
}
