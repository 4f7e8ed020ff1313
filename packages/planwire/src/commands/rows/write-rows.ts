import { toValue } from "@planwire/plan";
import { encodeText } from "@planwire/protocol";
import { plainJson } from "../print/output-text.js";

/** The rows of a chunk's result: an array's items, or the one thing that it is. Empty is null. */
export function resultRows(result: unknown): readonly unknown[] {
  // What an array holds is JSON already.
  return Array.isArray(result) ? result : [plainJson(toValue(result))];
}

export function rowLine(row: unknown): string {
  return `${encodeText(row)}\n`;
}
