import { PlanwireError } from "@planwire/protocol";
import { EXIT } from "./exit-codes.js";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Calls `first` at the first Ctrl-C or SIGTERM; the second ends the process at once.
 * @returns what ends that
 */
export function onInterrupt(first: (signal: NodeJS.Signals) => void): () => void {
  let interrupted = false;
  const listener = (signal: NodeJS.Signals) => {
    if (interrupted) process.exit(EXIT.cancelled);
    interrupted = true;
    first(signal);
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}

/** Runs `use` with a signal that the first Ctrl-C or SIGTERM aborts, with CANCELLED as its reason. */
export async function interruptible<T>(
  onFirst: () => void,
  use: (interrupted: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const release = onInterrupt(() => {
    onFirst();
    controller.abort(interruptedError());
  });
  try {
    return await use(controller.signal);
  } finally {
    release();
  }
}

/**
 * Waits for `promise`, but after an interrupt no longer than `patienceMs`.
 * @throws the signal's reason when that time is over
 */
export async function unlessInterrupted<T>(
  promise: Promise<T>,
  interrupted: AbortSignal,
  patienceMs = 0,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let begin: () => void = () => undefined;
  const impatient = new Promise<never>((_, reject) => {
    begin = () => (timer = setTimeout(() => reject(interrupted.reason), patienceMs));
    if (interrupted.aborted) begin();
    else interrupted.addEventListener("abort", begin, { once: true });
  });
  try {
    return await Promise.race([promise, impatient]);
  } finally {
    clearTimeout(timer);
    interrupted.removeEventListener("abort", begin);
  }
}

function interruptedError(): PlanwireError {
  return new PlanwireError("CANCELLED", "interrupted", { details: { by: "an interrupt" } });
}
