import type { Issue, SerializedPlan } from "@planwire/protocol";
import type { Element } from "./element.js";
import type { ElementsById } from "./ids.js";

/** Each entry of `bindings` and `filters` must name a node, and each node at most one of them. */
export function bindingIssues(plan: SerializedPlan, byId: ElementsById): Issue[] {
  const firsts = new Map<string, string>();
  const check = (id: string, path: string): Issue[] => {
    const first = firsts.get(id);
    if (first !== undefined) {
      return [{ path, message: `node "${id}" has a filter already, from ${first}` }];
    }
    firsts.set(id, path);
    return byId.has(id) ? [] : [{ path, message: `no node "${id}" in this plan` }];
  };
  const bindings = (plan.bindings ?? []).flatMap(({ node_id: id }, index) => {
    const path = `bindings[${index}].node_id`;
    return [...check(id, path), ...labelIssues(byId.get(id), id, path)];
  });
  // Inherited peers may send filters for labels too; nothing runs them.
  const filters = (plan.filters ?? []).flatMap(({ node_id: id }, index) =>
    check(id, `filters[${index}].node_id`),
  );
  return [...bindings, ...filters];
}

function labelIssues(element: Element | undefined, id: string, path: string): Issue[] {
  if (element === undefined || element.plan === "Empty") return [];
  const variant = ["Loop", "Remote"].find((name) => name in (element.plan as object));
  return variant === undefined
    ? []
    : [{ path, message: `"${id}" is a ${variant}, which runs no filter` }];
}
