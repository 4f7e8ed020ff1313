import type { Value } from "@planwire/protocol";
import { expect, test } from "vitest";
import type { FilterCall } from "../core/filter-call.js";
import { ownCall, ownOutcome } from "./own-buffers.js";

const call: FilterCall = {
  call: 1,
  filter: "f",
  op: "forward",
  input: { type: "Json", data: 1 },
  nodeId: "n",
  planId: "p",
  attempt: 1,
  workerId: "w",
};

test("views into a larger buffer are copied out, at every depth, and stay what they are", () => {
  const frame = new Uint8Array(1024).fill(7);
  const tensor = { values: new Float64Array(frame.buffer, 64, 4), shape: [4], dtype: "float64" };
  const input = {
    type: "Record",
    data: [
      ["bytes", { type: "Bytes", data: frame.subarray(8, 16) }],
      ["tensor", { type: "Tensor", data: tensor }],
    ],
  } as Value;
  const { message, transfer } = ownCall({ ...call, input, state: input });
  expect(message.input).toEqual(input);
  expect(transfer.map(({ byteLength }) => byteLength)).toEqual([8, 32, 8, 32]);
  expect(transfer).not.toContain(frame.buffer);
});

test("what a filter returned is still its own after it was transferred", () => {
  const kept = Uint8Array.of(1, 2, 3);
  const { message, transfer } = ownOutcome({
    status: "done",
    value: { type: "Bytes", data: kept },
  });
  const arrived = structuredClone(message, { transfer: [...transfer] });
  expect(arrived).toEqual({
    status: "done",
    value: { type: "Bytes", data: Uint8Array.of(1, 2, 3) },
  });
  expect(kept.byteLength).toBe(3);
});

test("a Buffer of Node's pool arrives as bytes of its own", () => {
  const data = Buffer.from("hi");
  const asBytes = ownOutcome({ status: "done", value: { type: "Bytes", data } });
  expect(asBytes.transfer[0]?.byteLength).toBe(2);
  const tensor: Value = { type: "Tensor", data: { values: data, shape: [2] } };
  const asTensor = ownOutcome({ status: "done", value: tensor });
  expect(asTensor.transfer[0]?.byteLength).toBe(2);
});

test("plain data goes as it is", () => {
  const { message, transfer } = ownCall(call);
  expect(message.input).toBe(call.input);
  expect(transfer).toEqual([]);
});

test("an input that only this call reads goes with its buffer, which two views may share", () => {
  const frame = new Uint8Array(1024).fill(7);
  const tensor = { values: new Float64Array(frame.buffer, 64, 4), shape: [4], dtype: "float64" };
  const input = {
    type: "Record",
    data: [
      ["bytes", { type: "Bytes", data: frame.subarray(8, 16) }],
      ["list", { type: "Tensor", data: { values: [1, 2], shape: [2] } }],
      ["tensor", { type: "Tensor", data: tensor }],
    ],
  } as Value;
  const expected = structuredClone(input);
  const { message, transfer } = ownCall({ ...call, input, ownsInput: true });
  expect(transfer).toEqual([frame.buffer]);
  expect(structuredClone(message, { transfer: [...transfer] }).input).toEqual(expected);
});

test("a state is copied, whoever owns the input: the next chunk gets it, too", () => {
  const state: Value = { type: "Bytes", data: Uint8Array.of(1, 2) };
  const input: Value = { type: "Bytes", data: Uint8Array.of(3) };
  const { message, transfer } = ownCall({ ...call, input, state, ownsInput: true });
  structuredClone(message, { transfer: [...transfer] });
  expect(state.data).toEqual(Uint8Array.of(1, 2));
  expect(input.data.byteLength).toBe(0);
});
