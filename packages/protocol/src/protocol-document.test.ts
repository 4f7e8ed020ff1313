// PROTOCOL.md is written by hand: this keeps its tables from falling behind the code.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  closeCodeOf,
  ERRORS,
  FEATURES,
  FROM_CLIENT,
  FROM_WORKER,
  LIMITS,
  STREAM_MESSAGES,
  TO_CLIENT,
  TO_WORKER,
  type ErrorCode,
} from "./index.js";

const document = readFileSync(new URL("../../../PROTOCOL.md", import.meta.url), "utf8");
const tables = document.slice(0, document.indexOf("## Cost of validation"));
/** Table rows by their first cell, which may be marked as inherited. */
const rows = new Map(
  [...tables.matchAll(/^\| `?(\w[\w-]*)`?( \*\*i\*\*)?[^|]* \|(.*)\|$/gm)].map(
    ([, name = "", , cells = ""]) => [name, cells],
  ),
);
const sections = [FROM_WORKER, TO_WORKER, STREAM_MESSAGES, FROM_CLIENT, TO_CLIENT] as const;
const messages = sections.flatMap((schemas) =>
  schemas.map(
    ({ shape }) =>
      [shape.type.def.values[0] ?? "", Object.keys(shape).filter((key) => key !== "type")] as const,
  ),
);

describe("PROTOCOL.md", () => {
  test.each(messages)("describes %s with its fields", (type, fields) => {
    const shape = rows.get(type);
    expect(shape).toBeDefined();
    for (const field of fields) expect(shape).toMatch(new RegExp(`\\b${field}\\b`));
  });

  test.each(Object.keys(ERRORS) as ErrorCode[])("lists %s as the code has it", (code) => {
    const [number, retry, close, meaning] = (rows.get(code) ?? "")
      .split("|")
      .map((cell) => cell.trim());
    expect({ number: Number(number), retryable: retry === "yes", close }).toEqual({
      number: ERRORS[code].number,
      retryable: ERRORS[code].retryable,
      close: String(closeCodeOf(code) ?? ""),
    });
    expect(meaning).not.toBe("");
  });

  test.each(Object.entries(LIMITS))("tells that %s is %d", (name, limit) => {
    expect(rows.get(name)?.split("|")[0]?.trim()).toBe(String(limit));
  });

  test.each(FEATURES)("describes the feature %s", (feature) => {
    expect(rows.get(feature)).toBeDefined();
  });
});
