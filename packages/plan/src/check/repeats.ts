export interface Repeat {
  readonly name: string;
  readonly index: number;
  /** Where the same name stands first. */
  readonly first: number;
}

export function repeatsIn(names: readonly string[]): Repeat[] {
  const firsts = new Map<string, number>();
  return names.flatMap((name, index) => {
    const first = firsts.get(name);
    if (first !== undefined) return [{ name, index, first }];
    firsts.set(name, index);
    return [];
  });
}
