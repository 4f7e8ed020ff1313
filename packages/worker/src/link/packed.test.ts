import { EMPTY, type Value } from "@planwire/protocol";
import { expect, test } from "vitest";
import type { CallOutcome, FilterCall } from "../core/filter-call.js";
import { packCall, packOutcome, unpackCall, unpackOutcome } from "./packed.js";

const call: FilterCall = {
  call: 7,
  filter: "f@2",
  op: "forward",
  input: { type: "Json", data: { rows: [1, null] } },
  nodeId: "n",
  planId: "p",
  attempt: 3,
  workerId: "w",
};
const tensor: Value = { type: "Tensor", data: { values: Float32Array.of(1, 2), shape: [2] } };
const values: Value[] = [
  call.input,
  { type: "Json", data: null },
  { type: "Text", data: "" },
  { type: "Bytes", data: Uint8Array.of(1) },
  { type: "Object", data: Uint8Array.of(2) },
  { type: "Record", data: [["a", tensor]] },
  tensor,
  EMPTY,
];

test.each(values)("a call with a $type gets over to the other thread as it was", (input) => {
  expect(unpackCall(structuredClone(packCall({ ...call, input })), "w")).toEqual({
    ...call,
    input,
  });
});

test.each<Partial<FilterCall>>([
  { op: "fit", y: { type: "Text", data: "label" } },
  { op: "fit", y: EMPTY, params: null },
  { state: { type: "Json", data: 0 } },
  { state: tensor, params: { by: 2 } },
])("so does one with %o", (more) => {
  const whole = { ...call, ...more };
  expect(unpackCall(structuredClone(packCall(whole)), "w")).toStrictEqual(whole);
});

test.each<CallOutcome>([
  ...values.map((value): CallOutcome => ({ status: "done", value })),
  { status: "failed", error: { code: "FILTER_ERROR", message: "no", retryable: true } },
  { status: "dropped" },
  { status: "crashed", reason: "gone" },
])("an outcome does, too: %o", (outcome) => {
  const packed = structuredClone(packOutcome(7, "n", outcome));
  expect(packed[0]).toBe(7);
  expect(unpackOutcome(packed)).toEqual(outcome);
});
