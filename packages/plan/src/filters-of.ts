import { isName } from "@planwire/protocol";
import { filterStep } from "./filter-step.js";
import type { AnyFilter, FiltersOf } from "./step.types.js";

/**
 * Names and types of filters without their code, for a browser or a client that must not load what the filters need:
 * `const { clean } = filtersOf<typeof import("./filters.js")>()`. Properties are the filters' names.
 */
export function filtersOf<M>(): FiltersOf<M> {
  const made = new Map<string, AnyFilter>();
  return new Proxy(Object.freeze({}), {
    get(_target, name) {
      // `then` would make the whole object a thenable; the others are asked of any object.
      if (typeof name !== "string" || name === "then" || name in Object.prototype) return undefined;
      if (!isName(name)) return undefined;
      const filter = made.get(name) ?? filterStep({ kind: "filter", id: name, name });
      made.set(name, filter);
      return filter;
    },
  }) as FiltersOf<M>;
}
