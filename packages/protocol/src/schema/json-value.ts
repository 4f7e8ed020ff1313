import * as z from "zod/mini";
import { LIMITS } from "../limits.js";
import { exactlyWhen } from "./exactly.js";

/** Plain JSON. Integers that float64 can't hold exactly are bigint. */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | JsonValue[]
  | { [key: string]: JsonValue };

/** What is not plain JSON, as `path: what stands there`; undefined when all is well. */
export function findNonJson(
  root: unknown,
  maxDepth: number = LIMITS.jsonDepth,
): JsonFault | undefined {
  return visit(root, [], maxDepth);
}

export interface JsonFault {
  readonly path: readonly (string | number)[];
  readonly found: string;
}

function visit(
  value: unknown,
  path: (string | number)[],
  depthLeft: number,
): JsonFault | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "bigint":
      return undefined;
    case "number":
      return Number.isFinite(value) ? undefined : { path: [...path], found: String(value) };
    case "object":
      return value === null ? undefined : visitObject(value, path, depthLeft);
    default:
      return { path: [...path], found: typeof value };
  }
}

function visitObject(
  value: object,
  path: (string | number)[],
  depthLeft: number,
): JsonFault | undefined {
  if (depthLeft === 0) return { path: [...path], found: `nesting deeper than allowed` };
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      path.push(i);
      const fault = visit(value[i], path, depthLeft - 1);
      if (fault) return fault;
      path.pop();
    }
    return undefined;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return { path: [...path], found: value.constructor?.name ?? "object" };
  }
  for (const key of Object.keys(value)) {
    path.push(key);
    const fault = visit((value as Record<string, unknown>)[key], path, depthLeft - 1);
    if (fault) return fault;
    path.pop();
  }
  return undefined;
}

/** Checked, never copied: `__proto__` and `constructor` stay the ordinary keys that they are. */
export const JsonValue = exactlyWhen(
  z.unknown().check((ctx) => {
    const fault = findNonJson(ctx.value);
    if (!fault) return;
    ctx.issues.push({
      code: "custom",
      message: `expected JSON, found ${fault.found}`,
      path: [...fault.path],
      input: ctx.value,
    });
  }),
  (raw) => findNonJson(raw) === undefined,
) as unknown as z.ZodMiniType<JsonValue>;
