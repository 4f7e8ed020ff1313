import { pipeline } from "node:stream";
import { LIMITS, type JsonValue } from "@planwire/protocol";
import { CsvError, parse } from "csv-parse";
import { cellReaders, type CellTypes, type ReadCell } from "./cell-types.js";
import { badRow } from "./row-format.js";

interface CsvRecord {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

/** Rows of a CSV with a header row, as objects by column; a record is held at a time. */
export async function* readCsv(
  texts: AsyncIterable<string>,
  name: string,
  types: CellTypes,
): AsyncGenerator<JsonValue> {
  let header: Header | undefined;
  try {
    for await (const { record, info } of records(texts)) {
      if (header) yield rowOf(header, record, `${name} line ${info.lines}`);
      else header = readHeader(record, name, types);
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw badRow(name, `not CSV: ${error.message}`, undefined, error);
  }
  if (!header) throw badRow(name, "it is empty; expected a header row");
}

function records(texts: AsyncIterable<string>): AsyncIterable<CsvRecord> {
  // Records stay arrays: made into objects by the parser, a column `__proto__` would set a prototype.
  const parser = parse({ info: true, skip_empty_lines: true, max_record_size: LIMITS.chunkBytes });
  // Whoever reads the parser sees its errors and the source's.
  return pipeline(texts, parser, () => {});
}

interface Header {
  readonly columns: readonly string[];
  readonly readers: readonly ReadCell[];
}

function readHeader(columns: string[], name: string, types: CellTypes): Header {
  const repeated = columns.find((column, i) => columns.indexOf(column) < i);
  if (repeated !== undefined) {
    throw badRow(`${name} line 1`, `two columns are named "${repeated}"`, "name each column once");
  }
  return { columns, readers: cellReaders(columns, types) };
}

function rowOf({ columns, readers }: Header, record: readonly string[], where: string): JsonValue {
  return Object.fromEntries(
    columns.map((column, i) => {
      const cell = record[i] ?? "";
      const value = readers[i]?.(cell);
      if (value !== undefined) return [column, value];
      throw badRow(where, `column "${column}" is not of its type: ${JSON.stringify(cell)}`);
    }),
  );
}
