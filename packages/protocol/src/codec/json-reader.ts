import { parse } from "lossless-json";
import { fits64 } from "./integers.js";
import { invalidMessage } from "./invalid-message.js";
import { holdsLongInteger } from "./long-integer.js";

const INTEGER = /^-?\d+$/;
const LONGEST_INT64 = 20;

/** Parses JSON without rounding integers. JSON.parse where nothing can be rounded. */
export function readText(text: string): unknown {
  try {
    if (!holdsLongInteger(text)) return JSON.parse(text);
    return parse(text, undefined, { parseNumber, onDuplicateKey: ({ newValue }) => newValue });
  } catch (cause) {
    const reason =
      cause instanceof RangeError ? "it nests too deeply" : String((cause as Error).message);
    throw invalidMessage("", "JSON", `not JSON: ${reason.slice(0, 200)}`, cause);
  }
}

function parseNumber(literal: string): number | bigint {
  const float = Number(literal);
  if (Number.isSafeInteger(float) || literal.length > LONGEST_INT64 || !INTEGER.test(literal))
    return float;
  const integer = BigInt(literal);
  return fits64(integer) ? integer : float;
}
