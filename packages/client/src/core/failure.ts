import { ERRORS, type ErrorCode, type WireError } from "@planwire/protocol";

/** Why something failed, as plain data; the shell makes an error of it where the caller's stack is. */
export type Failure = WireError;

export function failure(code: ErrorCode, message: string, more: Partial<WireError> = {}): Failure {
  return { code, message, retryable: ERRORS[code].retryable, ...more };
}
