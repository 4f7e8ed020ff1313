import { LIMITS, type JsonValue } from "@planwire/protocol";
import { readJson } from "../input/read-json.js";
import { badRow } from "./row-format.js";

/** One row a line; empty lines are skipped. Holds a line at a time, of at most one chunk's limit. */
export async function* readNdjson(
  texts: AsyncIterable<string>,
  name: string,
): AsyncGenerator<JsonValue> {
  const hint = "--format json reads a JSON array, --format csv reads CSV";
  let number = 0;
  for await (const line of lines(texts, name)) {
    number += 1;
    if (line.trim() !== "") yield readJson(line, `${name} line ${number}`, hint);
  }
}

async function* lines(texts: AsyncIterable<string>, name: string): AsyncGenerator<string> {
  let rest = "";
  let number = 1;
  for await (const text of texts) {
    let from = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", from)) {
      yield rest + text.slice(from, end);
      rest = "";
      number += 1;
      from = end + 1;
    }
    rest += text.slice(from);
    if (rest.length > LIMITS.chunkBytes) {
      throw badRow(`${name} line ${number}`, `longer than ${LIMITS.chunkBytes} characters`);
    }
  }
  if (rest !== "") yield rest;
}
