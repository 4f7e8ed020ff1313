import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Issue } from "@planwire/protocol";
import { formatPath } from "./value-fault.js";

/** What a schema made of a value, or what it found wrong. Paths begin at the value: `$.rows[3].delay`. */
export type Checked =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Checks a value against any Standard Schema. A promise only where the schema gives one, so that the usual case stays synchronous. */
export function checkSchema(schema: StandardSchemaV1, value: unknown): Checked | Promise<Checked> {
  const result = schema["~standard"].validate(value);
  return result instanceof Promise ? result.then(checked) : checked(result);
}

function checked(result: StandardSchemaV1.Result<unknown>): Checked {
  if (!result.issues) return { ok: true, value: result.value };
  return {
    ok: false,
    issues: result.issues.map(({ path, message }) => ({
      path: formatPath((path ?? []).map(stepOf)),
      message,
    })),
  };
}

function stepOf(step: PropertyKey | StandardSchemaV1.PathSegment): string | number {
  const key = typeof step === "object" ? step.key : step;
  return typeof key === "number" ? key : String(key);
}
