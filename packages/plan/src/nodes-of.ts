import type { FilterDefinition } from "./filter-definition.js";
import { nodeOf, visitFilters, type FilterNode } from "./step-node.js";

/** Every filter node of a step, in order; a Branch's condition stands before its arms. */
export function nodesOf(step: unknown): FilterNode[] {
  const nodes: FilterNode[] = [];
  visitFilters(nodeOf(step, "nodesOf()"), (node) => nodes.push(node));
  return nodes;
}

/** The filters that a step holds, each once; not those of which only the name is known (`filtersOf`). */
export function filtersIn(step: unknown): FilterDefinition[] {
  const filters = new Set<FilterDefinition>();
  for (const { definition } of nodesOf(step)) if (definition) filters.add(definition);
  return [...filters];
}
