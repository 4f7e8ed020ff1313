import type { Value } from "@planwire/protocol";
import { OpaqueObject } from "./opaque-object.js";
import { plainTensor } from "./tensor.js";

/**
 * The plain data of a Value, as filters see it: Text as string, Bytes as Uint8Array, a tensor as `{ dtype, shape, data }`, a Record as an
 * object, Empty as undefined, Object as an opaque handle. Nothing is copied where nothing changes.
 *
 * Throws VALUE_UNSUPPORTED for a tensor whose shape or dtype doesn't fit its numbers.
 */
export function fromValue(value: Value): unknown {
  return plain(value, []);
}

function plain(value: Value, path: (string | number)[]): unknown {
  switch (value.type) {
    case "Json":
    case "Text":
    case "Bytes":
      return value.data;
    case "Tensor":
      return plainTensor(value.data, path);
    case "Object":
      return new OpaqueObject(value.data);
    case "Empty":
      return undefined;
    case "Record":
      // fromEntries defines its properties, so that `__proto__` is a key like any other.
      return Object.fromEntries(
        value.data.map(([key, member]) => [key, plain(member, [...path, key])]),
      );
  }
}
