import * as z from "zod/mini";
import { JsonValue } from "./schema/json-value.js";
import { recursive, transform } from "./schema/delegate.js";
import { exactlyWhen } from "./schema/exactly.js";
import { object } from "./schema/object.js";
import { tagged } from "./schema/struct.js";
import { TensorData } from "./tensor.js";

/** Bytes: an array of integers in JSON and towards inherited peers, msgpack bin between our own; Uint8Array here. */
export const ByteArray = exactlyWhen(
  transform((raw, ctx): Uint8Array => {
    if (raw instanceof Uint8Array) return raw;
    if (Array.isArray(raw)) {
      const bad = raw.findIndex((byte) => !Number.isInteger(byte) || byte < 0 || byte > 255);
      if (bad === -1) return Uint8Array.from(raw as number[]);
      ctx.issues.push({
        code: "custom",
        message: "expected an integer 0..255",
        path: [bad],
        input: raw,
      });
      return z.NEVER;
    }
    ctx.issues.push({ code: "custom", message: "expected bytes", path: [], input: raw });
    return z.NEVER;
  }),
  (raw) => raw instanceof Uint8Array,
);

/** What flows along a plan. Spelled out because TypeScript can't infer a type that holds itself. */
export type Value =
  | { type: "Tensor"; data: TensorData }
  | { type: "Json"; data: JsonValue }
  | { type: "Bytes"; data: Uint8Array }
  | { type: "Text"; data: string }
  | { type: "Object"; data: Uint8Array }
  | { type: "Empty" }
  | { type: "Record"; data: [key: string, value: Value][] };

export const Value: z.ZodMiniType<Value> = tagged("type", [
  object({ type: z.literal("Tensor"), data: TensorData }),
  object({ type: z.literal("Json"), data: JsonValue }),
  object({ type: z.literal("Bytes"), data: ByteArray }),
  object({ type: z.literal("Text"), data: z.string() }),
  object({ type: z.literal("Object"), data: ByteArray }),
  object({ type: z.literal("Empty") }),
  object({
    type: z.literal("Record"),
    data: recursive(() => Members),
  }),
]) as z.ZodMiniType<Value>;

const Members = z.array(z.tuple([z.string(), Value]));

export const EMPTY: Value = { type: "Empty" };
