import type { JsonValue } from "@planwire/protocol";
import { openSource, readFailure, sourceName, withoutByteOrderMark } from "../input/read-text.js";
import type { CellTypes } from "./cell-types.js";
import { readCsv } from "./csv.js";
import { readJsonArray } from "./json-array.js";
import { readNdjson } from "./ndjson.js";
import { formatOfFile, formatOfText, type RowFormat } from "./row-format.js";

export interface RowSource {
  /** A file, or "-" for standard input. */
  readonly file: string;
  /** By the file's extension, else by how its text begins, when absent. */
  readonly format?: RowFormat | undefined;
  /** For CSV alone. */
  readonly types: CellTypes;
  /** Tells how many bytes were read since the last call. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Rows as they are read: no format needs more than one row and one read in memory. Leaving the loop closes the file.
 * @throws PlanwireError BAD_USAGE naming the line or row
 */
export async function* readRows(source: RowSource): AsyncGenerator<JsonValue> {
  const texts = readTexts(source);
  const name = sourceName(source.file);
  try {
    const format = source.format ?? formatOfFile(source.file);
    if (format !== undefined) return yield* parseRows(format, texts, name, source.types);
    const first = await texts.next();
    const begin = first.done ? "" : first.value;
    yield* parseRows(formatOfText(begin), joined(begin, texts), name, source.types);
  } finally {
    await texts.return(undefined);
  }
}

export function parseRows(
  format: RowFormat,
  texts: AsyncIterable<string>,
  name: string,
  types: CellTypes,
): AsyncGenerator<JsonValue> {
  switch (format) {
    case "ndjson":
      return readNdjson(texts, name);
    case "json":
      return readJsonArray(texts, name);
    case "csv":
      return readCsv(texts, name, types);
  }
}

async function* readTexts({ file, onBytes }: RowSource): AsyncGenerator<string> {
  const stream = openSource(file);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let isFirst = true;
  try {
    for await (const bytes of stream as AsyncIterable<Buffer>) {
      onBytes?.(bytes.length);
      const text = decoder.decode(bytes, { stream: true });
      // A character that is cut in two may leave nothing for now.
      if (text === "") continue;
      yield isFirst ? withoutByteOrderMark(text) : text;
      isFirst = false;
    }
    const rest = decoder.decode();
    if (rest !== "") yield rest;
  } catch (error) {
    throw readFailure(file, error);
  }
}

async function* joined(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}
