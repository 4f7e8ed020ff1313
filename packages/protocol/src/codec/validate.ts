import type * as z from "zod";
import { PlanwireError } from "../errors.js";
import { expectedIn, issuesOf } from "../issues.js";
import { Message } from "../messages/message.js";

/** Checks what a codec read; throws INVALID_MESSAGE or UNKNOWN_TYPE with the path and what was expected there. */
export function validate<S extends z.ZodType>(raw: unknown, schema: S): z.output<S> {
  let result: z.ZodSafeParseResult<z.output<S>>;
  try {
    result = schema.safeParse(raw);
  } catch (cause) {
    if (cause instanceof RangeError)
      throw invalidMessage("", "less nesting", "it nests too deeply", cause);
    throw cause;
  }
  if (result.success) return result.data;
  throw refusal(raw, schema, result.error);
}

export function invalidMessage(
  path: string,
  expected: string,
  message: string,
  cause?: unknown,
): PlanwireError<"INVALID_MESSAGE"> {
  return new PlanwireError("INVALID_MESSAGE", `invalid message: ${message}`, {
    details: { path, expected },
    cause,
  });
}

function refusal(raw: unknown, schema: z.ZodType, error: z.ZodError): PlanwireError {
  const [issue] = issuesOf(error);
  const path = issue?.path ?? "";
  const message = issue?.message ?? "not understood";
  const expected = expectedIn(message);
  const type = (schema as unknown) === Message && path === "type" ? typeOf(raw) : undefined;
  if (type !== undefined) {
    return new PlanwireError("UNKNOWN_TYPE", `unknown message type ${JSON.stringify(type)}`, {
      details: { path, expected },
    });
  }
  const others = error.issues.length - 1;
  const more = others > 0 ? ` (and ${others} more)` : "";
  return invalidMessage(path, expected, `${path === "" ? "" : `${path}: `}${message}${more}`);
}

/** The type that a message names, shortened: it is repeated to whoever sent it. */
function typeOf(raw: unknown): string | undefined {
  if (typeof raw !== "object" || raw === null) return undefined;
  const type: unknown = Array.isArray(raw) ? raw[0] : (raw as { type?: unknown }).type;
  return typeof type === "string" ? type.slice(0, 64) : undefined;
}
