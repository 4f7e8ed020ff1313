import { unsupported } from "./codec/json-writer.js";
import type { Feature } from "./features.js";
import type { JsonValue } from "./schema/json-value.js";
import type { TensorData, TypedArray } from "./tensor.js";
import type { Value } from "./value.js";

export type Path = readonly (string | number)[];

export interface LowerOptions {
  /** How the message travels to a peer without "typed-values". Text has no NaN and no infinities. */
  readonly form: "text" | "binary";
  /** Where the value stands, for errors. */
  readonly path?: Path;
}

/** The stricter form, where none is named. */
export const AS_TEXT: LowerOptions = { form: "text" };

/**
 * The value as a peer that announced `features` knows it: Text as Json, Object as Bytes, a Record as Json whose members are tagged
 * values, typed tensors as arrays of floats. A value that needs nothing comes back as it is.
 * @throws PlanwireError VALUE_UNSUPPORTED, with its path, for what can't be said there without loss
 */
export function lowerValue(
  value: Value,
  features: ReadonlySet<Feature>,
  options: LowerOptions = AS_TEXT,
): Value {
  const path = options.path ?? [];
  switch (value.type) {
    case "Empty":
    case "Json":
    case "Bytes":
      return value;
    case "Text":
      return features.has("late-variants") ? value : { type: "Json", data: value.data };
    case "Object":
      return features.has("late-variants") ? value : { type: "Bytes", data: value.data };
    case "Tensor":
      return lowerTensor(value, features, options, path);
    case "Record":
      return features.has("records")
        ? {
            type: "Record",
            data: value.data.map(([key, member]) => [
              key,
              lowerValue(member, features, { ...options, path: [...path, key] }),
            ]),
          }
        : { type: "Json", data: recordAsJson(value.data, features, path) };
  }
}

type Tensor = Extract<Value, { type: "Tensor" }>;

function lowerTensor(
  value: Tensor,
  features: ReadonlySet<Feature>,
  options: LowerOptions,
  path: Path,
): Value {
  const { data } = value;
  // Between peers with typed values a tensor always travels in a binary frame.
  const asText = options.form === "text" && !features.has("typed-values");
  if (asText) refuseNonFinite(data.values, path);
  if (features.has("tensors")) return value;
  if (Array.isArray(data.values) && data.dtype === undefined) return value;
  return { type: "Tensor", data: { values: floatsOf(data, path), shape: data.shape } };
}

/** A Record for a peer that has none: an object of tagged values, in which nothing needs msgpack. */
function recordAsJson(
  members: readonly (readonly [string, Value])[],
  features: ReadonlySet<Feature>,
  path: Path,
): JsonValue {
  return Object.fromEntries(
    members.map(([key, member]) => [key, taggedJson(member, features, [...path, key])]),
  );
}

function taggedJson(value: Value, features: ReadonlySet<Feature>, path: Path): JsonValue {
  switch (value.type) {
    case "Empty":
      return { type: "Empty" };
    case "Json":
      return { type: "Json", data: value.data };
    case "Text":
      return { type: features.has("late-variants") ? "Text" : "Json", data: value.data };
    case "Bytes":
      return { type: "Bytes", data: Array.from(value.data) };
    case "Object":
      return {
        type: features.has("late-variants") ? "Object" : "Bytes",
        data: Array.from(value.data),
      };
    case "Tensor": {
      refuseNonFinite(value.data.values, path);
      return {
        type: "Tensor",
        data: { values: floatsOf(value.data, path), shape: value.data.shape },
      };
    }
    case "Record":
      return { type: "Json", data: recordAsJson(value.data, features, path) };
  }
}

/** @throws PlanwireError VALUE_UNSUPPORTED where float64 can't hold an int64 exactly */
function floatsOf({ values }: TensorData, path: Path): number[] {
  if (Array.isArray(values)) return values;
  if (!(values instanceof BigInt64Array)) return Array.from(values);
  return Array.from(values, (value, i) => {
    const float = Number(value);
    if (BigInt(float) === value) return float;
    throw unsupported([...path, "data", "values", i], `${value}, which float64 can't hold exactly`);
  });
}

function refuseNonFinite(values: number[] | TypedArray, path: Path): void {
  if (!Array.isArray(values) && !(values instanceof Float64Array || values instanceof Float32Array))
    return;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw unsupported([...path, "data", "values", i], `${values[i]}, which JSON lacks`);
  }
}
