import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { LIMITS, PlanwireError } from "@planwire/protocol";

/** Stands for standard input where a file is expected. */
export const STDIN = "-";

/** A file that is read whole becomes one message; written with blanks and line breaks it may be longer than its frame. */
const MOST_BYTES = 4 * LIMITS.frameBytes;

/**
 * A whole file, or standard input for "-".
 * @throws PlanwireError BAD_USAGE when it can't be read, MESSAGE_TOO_LARGE beyond 4 times the frame limit
 */
export async function readText(file: string): Promise<string> {
  const source = openSource(file);
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of source as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > MOST_BYTES) throw tooLarge(file, bytes);
      parts.push(part);
    }
  } catch (error) {
    throw readFailure(file, error);
  }
  return withoutByteOrderMark(Buffer.concat(parts).toString("utf8"));
}

/** Emits bytes; ends by itself when it is destroyed. */
export function openSource(file: string): Readable {
  return file === STDIN ? process.stdin : createReadStream(file);
}

/** How messages call a source. */
export function sourceName(file: string): string {
  return file === STDIN ? "standard input" : file;
}

export function withoutByteOrderMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder, not a file",
  EACCES: "it may not be read",
};

/** What reading a source threw, in a user's words; errors of our own stay as they are. */
export function readFailure(file: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error;
  const reason = REASONS[code ?? ""] ?? (error as Error).message;
  return new PlanwireError("BAD_USAGE", `can't read ${sourceName(file)}: ${reason}`, {
    cause: error,
  });
}

function tooLarge(file: string, bytes: number): PlanwireError {
  return new PlanwireError(
    "MESSAGE_TOO_LARGE",
    `${sourceName(file)} is larger than ${MOST_BYTES} bytes`,
    {
      details: { bytes, limit: MOST_BYTES },
      hint: "send rows in chunks: planwire stream PLAN --input FILE",
    },
  );
}
