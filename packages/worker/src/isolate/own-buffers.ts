import type { TypedArray, Value } from "@planwire/protocol";
import type { CallOutcome, FilterCall } from "../core/filter-call.js";

/** Something to post to another thread, and the buffers in it that go over without being copied. */
export interface Posted<T> {
  readonly message: T;
  readonly transfer: readonly ArrayBuffer[];
}

// Whoever gave us a value may go on using its bytes: a plan gives one to several leaves, a filter keeps what it returned. So they are copied
// once, and the copy is transferred. Cloning would copy them twice, and for a view its whole buffer. An input that is nobody else's goes as it
// is, with all of its buffer.

export function ownCall(call: FilterCall): Posted<FilterCall> {
  const { input, y, state } = call;
  const transfer = call.ownsInput ? [...buffersOf(input)] : [];
  const ownInput = call.ownsInput ? input : own(input, transfer);
  const ownY = y && own(y, transfer);
  const ownState = state && own(state, transfer);
  if (transfer.length === 0) return { message: call, transfer };
  const message: FilterCall = {
    ...call,
    input: ownInput,
    ...(ownY !== undefined && { y: ownY }),
    ...(ownState !== undefined && { state: ownState }),
  };
  return { message, transfer };
}

export function ownOutcome(outcome: CallOutcome): Posted<CallOutcome> {
  if (outcome.status !== "done") return { message: outcome, transfer: [] };
  const transfer: ArrayBuffer[] = [];
  const value = own(outcome.value, transfer);
  return { message: transfer.length === 0 ? outcome : { status: "done", value }, transfer };
}

function own(value: Value, transfer: ArrayBuffer[]): Value {
  switch (value.type) {
    case "Json":
    case "Text":
    case "Empty":
      return value;
    case "Bytes":
    case "Object":
      return { type: value.type, data: copyOf(new Uint8Array(value.data), transfer) };
    case "Tensor": {
      const { values } = value.data;
      if (Array.isArray(values)) return value;
      // Of a Buffer `slice` would be no copy.
      const copy = values instanceof Uint8Array ? new Uint8Array(values) : values.slice();
      return { type: "Tensor", data: { ...value.data, values: copyOf(copy, transfer) } };
    }
    case "Record":
      return {
        type: "Record",
        data: value.data.map(([key, member]) => [key, own(member, transfer)]),
      };
  }
}

/** The buffers of a value's bytes, each once: two views may share one. */
function buffersOf(value: Value, buffers = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  switch (value.type) {
    case "Json":
    case "Text":
    case "Empty":
      return buffers;
    case "Bytes":
    case "Object":
      return buffers.add(value.data.buffer as ArrayBuffer);
    case "Tensor": {
      const { values } = value.data;
      return Array.isArray(values) ? buffers : buffers.add(values.buffer as ArrayBuffer);
    }
    case "Record":
      for (const [, member] of value.data) buffersOf(member, buffers);
      return buffers;
  }
}

function copyOf<T extends TypedArray>(copy: T, transfer: ArrayBuffer[]): T {
  transfer.push(copy.buffer as ArrayBuffer);
  return copy;
}
