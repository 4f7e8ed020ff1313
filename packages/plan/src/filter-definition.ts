import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { StreamMode } from "@planwire/protocol";
import type { FilterContext } from "./context.js";

/** A filter as whoever runs it sees it. Values are plain, as `fromValue` gives them. */
export interface FilterDefinition {
  readonly name: string;
  readonly version?: string;
  /** Trainable filters have `fit`. */
  readonly kind: "Stateless" | "Trainable";
  readonly streamMode: StreamMode;
  readonly isolate: "thread" | "inline" | "process";
  readonly timeoutMs?: number;
  readonly input?: StandardSchemaV1;
  readonly output?: StandardSchemaV1;
  readonly params?: StandardSchemaV1;
  readonly fit?: (x: unknown, y: unknown, ctx: FilterContext<unknown>) => unknown;
  readonly forward: (x: unknown, state: unknown, ctx: FilterContext<unknown>) => unknown;
}

/** A well-known symbol, so that two copies of this package know each other's filters. */
export const FILTER_BRAND = Symbol.for("planwire.filter");

/** The definition behind what `defineFilter` returned (renamed or with params too); undefined for anything else. */
export function definitionOf(value: unknown): FilterDefinition | undefined {
  if (typeof value !== "object" || value === null || !(FILTER_BRAND in value)) return undefined;
  return value[FILTER_BRAND] as FilterDefinition;
}
