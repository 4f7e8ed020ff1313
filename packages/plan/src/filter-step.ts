import { FILTER_BRAND } from "./filter-definition.js";
import { checkName, STEP_BRAND, type FilterNode } from "./step-node.js";
import type { AnyFilter } from "./step.types.js";

/** The public face of one filter node. Nothing here may be called `then`: a plan must be safe to await. */
export function filterStep(node: FilterNode): AnyFilter {
  const step = {
    name: node.name,
    as: (id: string) => filterStep({ ...node, id: checkName(id, "a node's id") }),
    with: (params: unknown) => filterStep({ ...node, params }),
    [STEP_BRAND]: node,
    ...(node.definition && { [FILTER_BRAND]: node.definition }),
  };
  // "~types" exists for the compiler only.
  return Object.freeze(step) as unknown as AnyFilter;
}
