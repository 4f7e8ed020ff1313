import { PlanwireError } from "@planwire/protocol/errors";

type StoreError = PlanwireError<"STORE_UNAVAILABLE">;

interface Meaning {
  readonly what: string;
  readonly hint: string;
  readonly retryable: boolean;
}

const LOCKED = 5;
const CANT_OPEN = 14;

/** By SQLite's primary result code. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  [LOCKED]: {
    what: "is locked by another program",
    hint: "Close the program that has it open for writing.",
    retryable: true,
  },
  8: {
    what: "can't be written",
    hint: "Make the file and its folder writable, or name another file.",
    retryable: false,
  },
  10: { what: "can't be read or written", hint: "Check the disk.", retryable: true },
  11: {
    what: "is damaged",
    hint: "Restore it from a backup, or move it away to begin a new history.",
    retryable: false,
  },
  13: { what: "has no room left on its disk", hint: "Free some space.", retryable: true },
  [CANT_OPEN]: {
    what: "can't be opened",
    hint: "Make the file and its folder readable and writable, or name another file.",
    retryable: false,
  },
  26: {
    what: "is no SQLite file, or a damaged one",
    hint: "Restore it from a backup, or move it away to begin a new history.",
    retryable: false,
  },
};

/** What went wrong with the file, said for its owner. */
export function storeUnavailable(file: string, cause: unknown): StoreError {
  const meaning = MEANINGS[isOfFileSystem(cause) ? CANT_OPEN : resultCodeOf(cause)];
  const message = cause instanceof Error ? cause.message : String(cause);
  if (!meaning) return new PlanwireError("STORE_UNAVAILABLE", `${file}: ${message}`, { cause });
  return new PlanwireError("STORE_UNAVAILABLE", `${file} ${meaning.what} (${message})`, {
    hint: meaning.hint,
    retryable: meaning.retryable,
    cause,
  });
}

export function isLocked(error: unknown): boolean {
  return resultCodeOf(error) === LOCKED;
}

/** SQLite's primary result code; 0 for an error that is not SQLite's. */
function resultCodeOf(error: unknown): number {
  const code: unknown = error instanceof Error && "errcode" in error ? error.errcode : undefined;
  return typeof code === "number" ? code & 0xff : 0;
}

function isOfFileSystem(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}
