import { PlanwireError } from "@planwire/protocol";
import { STDIN } from "../input/read-text.js";

export const ROW_FORMATS = ["ndjson", "json", "csv"] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

const BY_EXTENSION: Readonly<Record<string, RowFormat>> = {
  ndjson: "ndjson",
  jsonl: "ndjson",
  json: "json",
  csv: "csv",
};

/** By the file's extension; undefined where that says nothing, as for standard input. */
export function formatOfFile(file: string): RowFormat | undefined {
  if (file === STDIN) return undefined;
  const extension = /\.([a-z]+)$/i.exec(file)?.[1]?.toLowerCase();
  return extension === undefined ? undefined : BY_EXTENSION[extension];
}

/** By the first text that came: a JSON array begins with a bracket, else there is a row a line. */
export function formatOfText(text: string): RowFormat {
  return text.trimStart().startsWith("[") ? "json" : "ndjson";
}

/** What is wrong with a row: where it stands, and what to try. */
export function badRow(where: string, what: string, hint?: string, cause?: unknown): PlanwireError {
  return new PlanwireError("BAD_USAGE", `${where}: ${what}`, {
    ...(hint !== undefined && { hint }),
    cause,
  });
}
