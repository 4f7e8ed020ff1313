import { PlanwireError } from "@planwire/protocol";
import { fileURLToPath } from "node:url";
import type { LoadFailure } from "../isolate/messages.js";

/** FILTER_LOAD_FAILED, with what the module threw as its cause: stack and all, though it was thrown in another thread. */
export function loadFailed({ file, message, hint, cause }: LoadFailure): PlanwireError {
  const path = file.startsWith("file:") ? fileURLToPath(file) : file;
  return new PlanwireError("FILTER_LOAD_FAILED", path === "" ? message : `${path}: ${message}`, {
    details: { file: path },
    hint,
    ...(cause !== undefined && { cause: errorOf(cause) }),
  });
}

function errorOf({ name, message, stack }: NonNullable<LoadFailure["cause"]>): Error {
  const error = new Error(message);
  if (name !== undefined) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
