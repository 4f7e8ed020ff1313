import { readFileSync } from "node:fs";
import { decode } from "@msgpack/msgpack";
import { describe, expect, test } from "vitest";
import type * as z from "zod/mini";
import {
  DataRef,
  decodeBinary,
  decodeFrame,
  decodeText,
  encodeBinary,
  encodeText,
  ExecutionPlan,
  Message,
  Value,
} from "./index.js";
import { readText } from "./codec/json-reader.js";

interface Vector {
  readonly name: string;
  readonly group: "value" | "plan" | "data_ref" | "message" | "stream";
  readonly kind: "text" | "binary";
  readonly data: string;
  readonly json: unknown;
}

const SCHEMAS = {
  value: Value,
  plan: ExecutionPlan,
  data_ref: DataRef,
  message: Message,
  stream: Message,
};

const vectors = readFileSync(new URL("../vectors/frames.jsonl", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => readText(line) as Vector);

const bytesOf = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));

function decodeVector({ kind, data, group }: Vector): unknown {
  const schema: z.ZodMiniType = SCHEMAS[group];
  return kind === "text" ? decodeText(data, schema) : decodeBinary(bytesOf(data), schema);
}

/** As plain JSON, read as losslessly as the vectors are: -0, bigints and 1.0 against 1 included. */
const asJson = (value: unknown): unknown => readText(encodeText(value));

const holdsBinary = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return false;
  if (
    ArrayBuffer.isView(value) ||
    !(Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype)
  )
    return true;
  return Object.values(value).some(holdsBinary);
};

describe("frames of the inherited wire", () => {
  test("are all here", () => {
    expect(vectors).toHaveLength(238);
    expect(new Set(vectors.map(({ name }) => name)).size).toBe(238);
  });

  test.each(vectors)("$name decodes to its json", (vector) => {
    expect(asJson(decodeVector(vector))).toStrictEqual(vector.json);
  });

  test.each(vectors)(
    "$name is written so that the same comes back, and an inherited peer can read it",
    (vector) => {
      const schema: z.ZodMiniType = SCHEMAS[vector.group];
      const value = decodeVector(vector);
      const binary = encodeBinary(value);
      expect(decodeBinary(binary, schema)).toStrictEqual(value);
      expect(decodeBinary(encodeBinary(value, { typed: true }), schema)).toStrictEqual(value);
      expect(holdsBinary(decode(binary, { useBigInt64: true }))).toBe(false);
      // Text has null for NaN and infinities: those come back as NaN.
      if (vector.name.includes("non_finite")) return;
      expect(decodeText(encodeText(value), schema)).toStrictEqual(value);
    },
  );

  test.each(vectors.filter(({ group }) => group === "message" || group === "stream"))(
    "$name passes as a frame",
    (vector) => {
      const [decoded, ...more] = decodeFrame(
        vector.kind === "text" ? vector.data : bytesOf(vector.data),
      );
      expect(more).toEqual([]);
      expect(decoded).toMatchObject({
        ok: true,
        isError: false,
        message: decodeVector(vector) as object,
      });
    },
  );
});
