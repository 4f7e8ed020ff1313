import { issuesOf, PlanwireError, Value, type JsonValue } from "@planwire/protocol";

const TYPES: ReadonlySet<string> = new Set<Value["type"]>([
  "Tensor",
  "Json",
  "Bytes",
  "Text",
  "Object",
  "Empty",
  "Record",
]);

/** Exactly `{type, data?}` with a type that values have. */
export function isTagged(json: JsonValue): boolean {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return false;
  const { type } = json;
  if (typeof type !== "string" || !TYPES.has(type)) return false;
  return Object.keys(json).every((key) => key === "type" || key === "data");
}

/**
 * A tagged Value as it stands in a file.
 * @throws PlanwireError BAD_USAGE with the path of what is wrong
 */
export function readTagged(json: JsonValue, where: string, hint?: string): Value {
  const parsed = Value.safeParse(json, { reportInput: true });
  if (parsed.success) return parsed.data;
  const [issue] = issuesOf(parsed.error);
  const path = issue?.path ? ` at ${issue.path}` : "";
  throw new PlanwireError(
    "BAD_USAGE",
    `${where} holds no value${path}: ${issue?.message ?? "not understood"}`,
    hint === undefined ? {} : { hint },
  );
}
