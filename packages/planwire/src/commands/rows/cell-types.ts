import { PlanwireError, type JsonValue } from "@planwire/protocol";

const CELL_TYPES = ["text", "number", "boolean", "json"] as const;
type CellType = (typeof CELL_TYPES)[number];

/** How a CSV's cells are read: all as text, each by what it looks like, or some columns as a type. */
export type CellTypes = "text" | "auto" | ReadonlyMap<string, CellType>;

/**
 * `delay:number,ok:boolean`, or `auto`.
 * @throws PlanwireError BAD_USAGE
 */
export function parseCellTypes(text: string): CellTypes {
  if (text === "auto") return "auto";
  const types = new Map<string, CellType>();
  for (const pair of text.split(",")) {
    const colon = pair.lastIndexOf(":");
    const column = pair.slice(0, Math.max(colon, 0)).trim();
    const type = CELL_TYPES.find((each) => each === pair.slice(colon + 1).trim());
    if (column === "" || type === undefined) throw wrong(pair);
    types.set(column, type);
  }
  return types;
}

function wrong(pair: string): PlanwireError {
  return new PlanwireError(
    "BAD_USAGE",
    `--types: expected column:type with one of ${CELL_TYPES.join(", ")}, found "${pair}"`,
    { hint: "--types delay:number,ok:boolean, or --types auto" },
  );
}

/** Reads one cell of a column; undefined when the cell is not of that type. */
export type ReadCell = (cell: string) => JsonValue | undefined;

/** One reader a column. @throws PlanwireError BAD_USAGE for a type of a column that is not there */
export function cellReaders(columns: readonly string[], types: CellTypes): ReadCell[] {
  if (types === "text") return columns.map(() => readText);
  if (types === "auto") return columns.map(() => readAuto);
  const missing = [...types.keys()].find((column) => !columns.includes(column));
  if (missing !== undefined) {
    throw new PlanwireError("BAD_USAGE", `--types: there is no column "${missing}"`, {
      hint: `the columns are ${columns.join(", ")}`,
    });
  }
  return columns.map((column) => READERS[types.get(column) ?? "text"]);
}

const READERS: Readonly<Record<CellType, ReadCell>> = {
  text: readText,
  // An empty cell holds nothing, whatever its type.
  number: (cell) => (cell.trim() === "" ? null : readNumber(cell.trim())),
  boolean: (cell) => (cell.trim() === "" ? null : readBoolean(cell.trim().toLowerCase())),
  json: (cell) => (cell.trim() === "" ? null : readJsonCell(cell)),
};

function readText(cell: string): JsonValue {
  return cell;
}

/** Numbers and booleans as JSON writes them, nothing for an empty cell, else the text. */
function readAuto(cell: string): JsonValue {
  if (cell === "") return null;
  return readNumber(cell) ?? readBoolean(cell) ?? cell;
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const INTEGER = /^-?\d+$/;

function readNumber(cell: string): JsonValue | undefined {
  if (!NUMBER.test(cell)) return undefined;
  const float = Number(cell);
  if (!Number.isFinite(float)) return undefined;
  return INTEGER.test(cell) && !Number.isSafeInteger(float) ? exactInteger(cell) : float;
}

/** Beyond 2^53 an id must not lose its last digits; beyond 64 bits it can't travel but as text. */
function exactInteger(cell: string): bigint | undefined {
  const integer = BigInt(cell);
  return BigInt.asIntN(64, integer) === integer || BigInt.asUintN(64, integer) === integer
    ? integer
    : undefined;
}

function readBoolean(cell: string): boolean | undefined {
  if (cell === "true") return true;
  return cell === "false" ? false : undefined;
}

function readJsonCell(cell: string): JsonValue | undefined {
  try {
    return JSON.parse(cell) as JsonValue;
  } catch {
    return undefined;
  }
}
