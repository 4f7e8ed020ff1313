import type { Value } from "@planwire/protocol";
import type { FilterCall } from "../core/filter-call.js";

export function compactCall(call: FilterCall): FilterCall {
  const { input, y, state } = call;
  return {
    ...call,
    input: compactValue(input),
    ...(y !== undefined && { y: compactValue(y) }),
    ...(state !== undefined && { state: compactValue(state) }),
  };
}

/**
 * A value whose bytes fill the buffers that they lie in. Cloning a view into another thread copies its whole buffer, and what was
 * decoded from a frame is a view into that frame.
 */
export function compactValue(value: Value): Value {
  switch (value.type) {
    case "Json":
    case "Text":
    case "Empty":
      return value;
    case "Bytes":
    case "Object":
      return { type: value.type, data: compactView(value.data) };
    case "Tensor": {
      const { values } = value.data;
      if (Array.isArray(values)) return value;
      return { type: "Tensor", data: { ...value.data, values: compactView(values) } };
    }
    case "Record":
      return {
        type: "Record",
        data: value.data.map(([key, member]) => [key, compactValue(member)]),
      };
  }
}

/** `slice` of a Buffer is a view again, so the bytes are copied by hand there. */
function compactView<
  T extends Uint8Array | Float64Array | Float32Array | BigInt64Array | Int32Array,
>(view: T): T {
  if (view.byteLength === view.buffer.byteLength) return view;
  if (view instanceof Uint8Array) return new Uint8Array(view) as T;
  return view.slice() as T;
}
