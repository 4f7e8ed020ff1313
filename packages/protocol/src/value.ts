import * as z from "zod";
import { JsonValue } from "./schema/json-value.js";
import { recursive } from "./schema/delegate.js";
import { tagged } from "./schema/struct.js";
import { TensorData } from "./tensor.js";

/** Bytes: an array of integers in JSON and towards inherited peers, msgpack bin between our own; Uint8Array here. */
export const ByteArray = z.unknown().transform((raw, ctx): Uint8Array => {
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
}) as unknown as z.ZodType<Uint8Array>;

/** What flows along a plan. Spelled out because TypeScript can't infer a type that holds itself. */
export type Value =
  | { type: "Tensor"; data: TensorData }
  | { type: "Json"; data: JsonValue }
  | { type: "Bytes"; data: Uint8Array }
  | { type: "Text"; data: string }
  | { type: "Object"; data: Uint8Array }
  | { type: "Empty" }
  | { type: "Record"; data: [key: string, value: Value][] };

export const Value: z.ZodType<Value> = tagged("type", [
  z.object({ type: z.literal("Tensor"), data: TensorData }),
  z.object({ type: z.literal("Json"), data: JsonValue }),
  z.object({ type: z.literal("Bytes"), data: ByteArray }),
  z.object({ type: z.literal("Text"), data: z.string() }),
  z.object({ type: z.literal("Object"), data: ByteArray }),
  z.object({ type: z.literal("Empty") }),
  z.object({
    type: z.literal("Record"),
    data: recursive(() => Members),
  }),
]) as z.ZodType<Value>;

const Members = z.array(z.tuple([z.string(), Value]));

export const EMPTY: Value = { type: "Empty" };
