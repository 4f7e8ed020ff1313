/** Up to `most` cycles of a graph given by predecessors. Iterative, in time linear in the edges. */
export function cyclesIn(
  edges: Readonly<Record<string, readonly string[]>>,
  most: number,
): string[][] {
  const graph = new Map(Object.entries(edges));
  const cycles: string[][] = [];
  const seen = new Set<string>();
  for (const start of graph.keys()) {
    if (seen.has(start) || cycles.length >= most) continue;
    /** The chain from `start` to where we are, with the predecessor to look at next. */
    const chain = [{ id: start, next: 0 }];
    const depthOf = new Map([[start, 0]]);
    seen.add(start);
    for (let here = chain.at(-1); here !== undefined; here = chain.at(-1)) {
      const id = graph.get(here.id)?.[here.next++];
      if (id === undefined) {
        depthOf.delete(here.id);
        chain.pop();
        continue;
      }
      const depth = depthOf.get(id);
      if (depth !== undefined && cycles.length < most)
        cycles.push(chain.slice(depth).map((link) => link.id));
      if (seen.has(id)) continue;
      seen.add(id);
      depthOf.set(id, chain.length);
      chain.push({ id, next: 0 });
    }
  }
  return cycles;
}
