import { PlanwireError } from "../errors.js";

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
