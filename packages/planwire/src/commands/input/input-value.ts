import type { Value } from "@planwire/protocol";
import { readJson } from "./read-json.js";
import { readText, sourceName } from "./read-text.js";
import { isTagged, readTagged } from "./tagged-value.js";

/** The value in a file: plain JSON, unless it is a tagged Value. */
export async function readInput(file: string): Promise<Value> {
  return parseInput(await readText(file), sourceName(file));
}

export function parseInput(text: string, where: string): Value {
  const json = readJson(text, where);
  if (!isTagged(json)) return { type: "Json", data: json };
  return readTagged(json, where, 'if it is plain data, wrap it: {"type":"Json","data":...}');
}
