import type * as z from "zod/mini";
import { PlanwireError } from "../errors.js";
import { expectedIn, issuesOf } from "../issues.js";
import { Message } from "../messages/message.js";
import { parse, type Parsed } from "../schema/parse.js";
import { invalidMessage } from "./invalid-message.js";

/** Checks what a codec read; throws INVALID_MESSAGE or UNKNOWN_TYPE with the path and what was expected there. */
export function validate<S extends z.core.$ZodType>(raw: unknown, schema: S): z.output<S> {
  let parsed: Parsed<z.output<S>>;
  try {
    parsed = parse(schema, raw);
  } catch (cause) {
    if (cause instanceof RangeError)
      throw invalidMessage("", "less nesting", "it nests too deeply", cause);
    throw cause;
  }
  if (parsed.issues.length === 0) return parsed.value;
  throw refusal(raw, schema, parsed);
}

function refusal(
  raw: unknown,
  schema: z.core.$ZodType,
  { issues }: Parsed<unknown>,
): PlanwireError {
  const [issue] = issuesOf({ issues });
  const path = issue?.path ?? "";
  const message = issue?.message ?? "not understood";
  const expected = expectedIn(message);
  const type = (schema as unknown) === Message && path === "type" ? typeOf(raw) : undefined;
  if (type !== undefined) {
    return new PlanwireError("UNKNOWN_TYPE", `unknown message type ${JSON.stringify(type)}`, {
      details: { path, expected },
    });
  }
  const others = issues.length - 1;
  const more = others > 0 ? ` (and ${others} more)` : "";
  return invalidMessage(path, expected, `${path === "" ? "" : `${path}: `}${message}${more}`);
}

/** The type that a message names, shortened: it is repeated to whoever sent it. */
function typeOf(raw: unknown): string | undefined {
  if (typeof raw !== "object" || raw === null) return undefined;
  const type: unknown = Array.isArray(raw) ? raw[0] : (raw as { type?: unknown }).type;
  return typeof type === "string" ? type.slice(0, 64) : undefined;
}
