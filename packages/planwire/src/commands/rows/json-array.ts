import { LIMITS, type JsonValue } from "@planwire/protocol";
import { readJson } from "../input/read-json.js";
import { badRow } from "./row-format.js";

/** The items of one JSON array, as they come: what is held is one item, of at most one chunk's limit. */
export async function* readJsonArray(
  texts: AsyncIterable<string>,
  name: string,
): AsyncGenerator<JsonValue> {
  const cutter = new ItemCutter(name);
  let index = 0;
  for await (const text of texts) {
    for (const item of cutter.push(text)) {
      yield readJson(item, `${name} row ${index + 1}`);
      index += 1;
    }
  }
  cutter.end();
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const ARRAY_END = 0x5d;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([ARRAY_END, 0x7d]);

/**
 * Cuts the text of an array where its items end. It only follows brackets and strings: each item is checked by the JSON
 * parser afterwards.
 */
class ItemCutter {
  readonly #name: string;
  #place: "before" | "inside" | "after" = "before";
  /** Brackets open inside the present item. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The present item, as far as earlier texts held it. */
  #held = "";
  #items = 0;

  constructor(name: string) {
    this.#name = name;
  }

  *push(text: string): Generator<string> {
    let from = this.#place === "before" ? this.#open(text) : 0;
    for (let i = from; i < text.length && this.#place === "inside"; i++) {
      const end = this.#follow(text.charCodeAt(i));
      if (end === undefined) continue;
      const item = this.#take(text.slice(from, i), end);
      if (item !== undefined) yield item;
      from = i + 1;
    }
    if (this.#place === "inside") this.#hold(text.slice(from));
    if (this.#place === "after") this.#refuseMore(text.slice(from));
  }

  /** @throws when the array was not closed */
  end(): void {
    if (this.#place === "before") throw badRow(this.#name, "it is empty; expected a JSON array");
    if (this.#place === "inside") throw badRow(this.#name, "it ends before its JSON array does");
  }

  /** Finds the array's bracket; gives where its items begin. */
  #open(text: string): number {
    const at = text.search(/\S/);
    if (at === -1) return text.length;
    if (text[at] !== "[") {
      const hint = "--format ndjson reads a JSON value a line, --format csv reads CSV";
      throw badRow(this.#name, "expected a JSON array of rows", hint);
    }
    this.#place = "inside";
    return at + 1;
  }

  /** Says what a character ends: an item, or the array with its last one. */
  #follow(char: number): "item" | "array" | undefined {
    if (this.#inString) this.#followString(char);
    else if (char === QUOTE) this.#inString = true;
    else if (OPEN.has(char)) this.#depth += 1;
    else if (this.#depth > 0) this.#depth -= CLOSE.has(char) ? 1 : 0;
    else if (char === COMMA) return "item";
    else if (char === ARRAY_END) return "array";
    return undefined;
  }

  #followString(char: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (char === BACKSLASH) this.#escaped = true;
    else if (char === QUOTE) this.#inString = false;
  }

  #take(rest: string, end: "item" | "array"): string | undefined {
    const item = this.#held + rest;
    this.#held = "";
    if (end === "array") this.#place = "after";
    if (item.trim() !== "") {
      this.#items += 1;
      return item;
    }
    if (end === "array" && this.#items === 0) return undefined; // []
    throw badRow(this.#row(), "expected a JSON value, found none");
  }

  #hold(text: string): void {
    this.#held += text;
    if (this.#held.length > LIMITS.chunkBytes) {
      throw badRow(this.#row(), `longer than ${LIMITS.chunkBytes} characters`);
    }
  }

  #row(): string {
    return `${this.#name} row ${this.#items + 1}`;
  }

  #refuseMore(text: string): void {
    if (text.trim() === "") return;
    const hint = "--format ndjson reads a JSON value a line";
    throw badRow(this.#name, "more follows after the JSON array", hint);
  }
}
