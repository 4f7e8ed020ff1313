import { isErrorCode, PlanwireError } from "@planwire/protocol";
import type { LineError } from "../print/json-lines.js";

/** The error that a worker's process printed, as if it had been thrown here: with the stack of what a module threw. */
export function errorOfLine({ code, message, hint, cause }: LineError): PlanwireError {
  return new PlanwireError(isErrorCode(code) ? code : "INTERNAL", message, {
    ...(hint !== undefined && { hint }),
    ...(cause && { cause: Object.assign(new Error(cause.message), cause) }),
  });
}
