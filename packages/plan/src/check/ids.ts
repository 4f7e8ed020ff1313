import type { Issue } from "@planwire/protocol";
import { ownIdOf } from "../tree.js";
import type { Element } from "./element.js";

/** Every id of the plan with the element that carries it; of a repeated id the first. */
export type ElementsById = ReadonlyMap<string, Element>;

export function elementsById(elements: readonly Element[]): ElementsById {
  const byId = new Map<string, Element>();
  for (const element of elements) {
    const id = ownIdOf(element.plan);
    if (id !== undefined && !byId.has(id)) byId.set(id, element);
  }
  return byId;
}

/** Ids name outputs, states, bindings and Record keys: each may stand once, be it a node's or a label. */
export function idIssues(elements: readonly Element[], byId: ElementsById): Issue[] {
  return elements.flatMap((element): Issue[] => {
    const id = ownIdOf(element.plan);
    if (id === undefined || element.idAt === undefined) return [];
    if (id === "__proto__") return [{ path: element.idAt, message: `"__proto__" can't be an id` }];
    const first = byId.get(id);
    if (first === element || first?.idAt === undefined) return [];
    return [
      { path: element.idAt, message: `node id "${id}" repeats, it stands first at ${first.idAt}` },
    ];
  });
}
