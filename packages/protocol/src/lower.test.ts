import { describe, expect, test } from "vitest";
import { encodeText } from "./codec/text.js";
import { isPlanwireError } from "./errors.js";
import { FEATURES, type Feature } from "./features.js";
import { lowerMessage, lowerResult } from "./lower-message.js";
import { lowerPlan } from "./lower-plan.js";
import { lowerValue } from "./lower-value.js";
import type { Message } from "./messages/message.js";
import type { SerializedPlan } from "./serialized-plan.js";
import type { Value } from "./value.js";

const none: ReadonlySet<Feature> = new Set();
const all: ReadonlySet<Feature> = new Set(FEATURES);
const without = (...features: Feature[]) =>
  new Set(FEATURES.filter((feature) => !features.includes(feature)));

const text: Value = { type: "Text", data: "t" };
const object: Value = { type: "Object", data: Uint8Array.of(1) };
const ints: Value = {
  type: "Tensor",
  data: { values: Int32Array.of(1, 2), shape: [2], dtype: "int32" },
};
const floats = (...values: number[]): Value => ({
  type: "Tensor",
  data: { values, shape: [values.length] },
});
const longs = (...values: bigint[]): Value => ({
  type: "Tensor",
  data: { values: BigInt64Array.from(values), shape: [values.length], dtype: "int64" },
});

function refusal(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    if (isPlanwireError(error, "VALUE_UNSUPPORTED")) return error.details;
    throw error;
  }
  return expect.fail("nothing was thrown");
}

describe("a value", () => {
  const record: Value = {
    type: "Record",
    data: [
      ["a", text],
      ["b", { type: "Record", data: [["__proto__", object]] }],
      ["c", ints],
      ["d", { type: "Bytes", data: Uint8Array.of(255) }],
      ["e", { type: "Empty" }],
      ["f", { type: "Json", data: { n: 1 } }],
    ],
  };

  test("comes back as it is for a peer that knows everything", () => {
    for (const value of [text, object, ints, floats(1, NaN)])
      expect(lowerValue(value, all)).toBe(value);
    expect(lowerValue(record, all)).toEqual(record);
  });

  test.each<[Value, Value]>([
    [text, { type: "Json", data: "t" }],
    [object, { type: "Bytes", data: Uint8Array.of(1) }],
    [ints, floats(1, 2)],
    [longs(2n ** 53n, -1n), floats(2 ** 53, -1)],
    [
      { type: "Tensor", data: { values: Uint8Array.of(0, 1), shape: [2], dtype: "bool" } },
      floats(0, 1),
    ],
    [{ type: "Tensor", data: { values: Float32Array.of(0.5), shape: [1] } }, floats(0.5)],
    [{ type: "Empty" }, { type: "Empty" }],
  ])("%o is %o for an inherited peer", (value, lowered) => {
    expect(lowerValue(value, none)).toStrictEqual(lowered);
  });

  test("as Record is an object of tagged values in plain JSON, at every depth", () => {
    expect(encodeText(lowerValue(record, none))).toBe(
      '{"type":"Json","data":{"a":{"type":"Json","data":"t"},' +
        '"b":{"type":"Json","data":{"__proto__":{"type":"Bytes","data":[1]}}},' +
        '"c":{"type":"Tensor","data":{"values":[1,2],"shape":[2]}},"d":{"type":"Bytes","data":[255]},' +
        '"e":{"type":"Empty"},"f":{"type":"Json","data":{"n":1}}}}',
    );
  });

  test("keeps Text and Object inside a Record that only lacks records", () => {
    const pair: Value = {
      type: "Record",
      data: [
        ["a", text],
        ["b", object],
      ],
    };
    expect(lowerValue(pair, without("records"))).toEqual({
      type: "Json",
      data: { a: { type: "Text", data: "t" }, b: { type: "Object", data: [1] } },
    });
  });

  test("is lowered inside a Record that stays one", () => {
    const value: Value = {
      type: "Record",
      data: [
        ["a", text],
        ["b", ints],
      ],
    };
    expect(lowerValue(value, without("late-variants", "tensors"))).toEqual({
      type: "Record",
      data: [
        ["a", { type: "Json", data: "t" }],
        ["b", floats(1, 2)],
      ],
    });
  });

  test("that float64 can't hold exactly is refused with its path", () => {
    const value = longs(1n, 2n ** 53n + 1n);
    const found = "9007199254740993, which float64 can't hold exactly";
    expect(refusal(() => lowerValue(value, none))).toEqual({ path: "data.values[1]", found });
    const inRecord: Value = { type: "Record", data: [["k", value]] };
    for (const features of [none, without("tensors")]) {
      expect(
        refusal(() => lowerValue(inRecord, features, { form: "binary", path: ["value"] })),
      ).toEqual({
        path: "value.k.data.values[1]",
        found,
      });
    }
  });

  test("that is not finite goes to an inherited peer in msgpack, but neither in text nor inside Json", () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      for (const value of [
        floats(1, bad),
        { type: "Tensor", data: { values: Float32Array.of(1, bad), shape: [2] } } as Value,
      ]) {
        expect(lowerValue(value, none, { form: "binary" })).toStrictEqual(floats(1, bad));
        expect(refusal(() => lowerValue(value, none, { form: "text" }))).toEqual({
          path: "data.values[1]",
          found: `${bad}, which JSON lacks`,
        });
        expect(
          refusal(() =>
            lowerValue({ type: "Record", data: [["k", value]] }, none, { form: "binary" }),
          ),
        ).toMatchObject({
          path: "k.data.values[1]",
        });
        expect(lowerValue(value, all, { form: "text" })).toBe(value);
      }
    }
  });
});

describe("a plan", () => {
  const plan: SerializedPlan = {
    plan_id: "p",
    plan: {
      Sequence: [
        { Composite: { node_ids: ["a", "b"] } },
        { Parallel: [{ Stream: { node_ids: ["c"], chunk_size: 5 } }, "Empty"] },
        { Loop: { node_id: "l", body: { Composite: { node_ids: [] } } } },
        { Branch: { node_id: "br", arms: [["x", { Composite: { node_ids: ["d"] } }]] } },
        {
          Remote: { node_id: "r", target: { Tag: "t" }, plan: { Composite: { node_ids: ["e"] } } },
        },
        { Execute: { node_id: "f" } },
      ],
    },
    input: { source: "Inline", value: text },
    filters: [
      { node_id: "a", pickled_filter: "x", requirements: null, trainable: null, state: null },
      { node_id: "b", pickled_filter: "y", state: ints },
    ],
    mode: { Fit: { y: text } },
    edges: { b: ["a"] },
    arm_keys: { "1": ["k", "#1"] },
    bindings: [
      { node_id: "f", uses: "f@1", state: ints },
      { node_id: "g", uses: "g" },
    ],
  };

  test("holds for an inherited peer the six fields that it knows, each in a form that it reads", () => {
    const execute = (node_id: string) => ({ Execute: { node_id } });
    expect(lowerPlan(plan, none)).toStrictEqual({
      plan_id: "p",
      plan: {
        Sequence: [
          { Sequence: [execute("a"), execute("b")] },
          { Parallel: [{ Sequence: [execute("c")] }, "Empty"] },
          { Loop: { node_id: "l", body: { Sequence: [] } } },
          { Branch: { node_id: "br", arms: [["x", { Sequence: [execute("d")] }]] } },
          { Remote: { node_id: "r", target: { Tag: "t" }, plan: { Sequence: [execute("e")] } } },
          execute("f"),
        ],
      },
      input: { source: "Inline", value: { type: "Json", data: "t" } },
      filters: [
        {
          node_id: "a",
          pickled_filter: "x",
          state: { type: "Empty" },
          requirements: [],
          trainable: false,
        },
        {
          node_id: "b",
          pickled_filter: "y",
          state: floats(1, 2),
          requirements: [],
          trainable: false,
        },
      ],
      mode: { Fit: { y: { type: "Json", data: "t" } } },
      metadata: {},
    });
  });

  test("keeps what we added for our own peers, its states lowered to what they know", () => {
    const lowered = lowerPlan(plan, without("tensors"));
    expect(lowered).toMatchObject({ plan: plan.plan, edges: plan.edges, arm_keys: plan.arm_keys });
    expect(lowered.bindings).toEqual([
      { node_id: "f", uses: "f@1", state: floats(1, 2) },
      { node_id: "g", uses: "g" },
    ]);
    expect(lowerPlan(plan, without("bindings"))).not.toHaveProperty("bindings");
  });

  test("without input, filters and mode has them all the same", () => {
    expect(lowerPlan({ plan_id: "p", plan: "Empty", metadata: { a: 1 } }, none)).toStrictEqual({
      plan_id: "p",
      plan: "Empty",
      input: null,
      filters: [],
      mode: "Forward",
      metadata: { a: 1 },
    });
  });

  test("says where a value lies that can't go", () => {
    const bad = longs(2n ** 53n + 1n);
    const places: [string, Partial<SerializedPlan>][] = [
      ["input.value", { input: { source: "Inline", value: bad } }],
      [
        "input.data_ref.value",
        { input: { source: "Reference", data_ref: { type: "Inline", value: bad } } },
      ],
      ["filters[0].state", { filters: [{ node_id: "a", pickled_filter: "", state: bad }] }],
      ["mode.Fit.y", { mode: { Fit: { y: bad } } }],
    ];
    for (const [place, part] of places) {
      const message: Message = {
        type: "AssignPlan",
        plan: { plan_id: "p", plan: "Empty", metadata: {}, ...part },
      };
      expect(refusal(() => lowerMessage(message, none))).toMatchObject({
        path: `plan.${place}.data.values[0]`,
      });
    }
  });
});

describe("a message", () => {
  const plan: SerializedPlan = {
    plan_id: "p",
    plan: "Empty",
    input: { source: "Inline", value: floats(NaN) },
    metadata: {},
  };
  const begin: Message = {
    type: "StreamBegin",
    stream_id: "s",
    plan_id: "p",
    total_chunks: null,
    plan,
    attempt: 2,
    credit: { bytes: 1, chunks: 1 },
  };

  test("loses its attempt and credit for a peer that knows neither", () => {
    expect(lowerMessage({ type: "CancelPlan", plan_id: "p", attempt: 1 }, none)).toStrictEqual({
      type: "CancelPlan",
      plan_id: "p",
    });
    expect(lowerMessage(begin, none)).not.toHaveProperty("attempt");
    expect(lowerMessage(begin, none)).not.toHaveProperty("credit");
    expect(lowerMessage(begin, all)).toMatchObject({ attempt: 2, credit: { bytes: 1, chunks: 1 } });
  });

  test("refuses NaN in an assignment, which travels as text, but not in a stream", () => {
    expect(refusal(() => lowerMessage({ type: "AssignPlan", plan }, none))).toMatchObject({
      path: "plan.input.value.data.values[0]",
    });
    expect(lowerMessage(begin, none)).toMatchObject({ plan: { input: plan.input } });
    const chunk: Message = {
      type: "ChunkResult",
      stream_id: "s",
      chunk_index: 1,
      value: floats(NaN),
    };
    expect(lowerMessage(chunk, none)).toStrictEqual(chunk);
  });

  test("with a result tells an inherited peer success or failure, in its own fields", () => {
    const message: Message = {
      type: "PlanResult",
      worker_id: "w",
      plan_id: "p",
      attempt: 3,
      result: {
        status: "Failed",
        error: "boom",
        duration_ms: 1,
        code: "FILTER_ERROR",
        retryable: false,
      },
    };
    expect(lowerMessage(message, none)).toStrictEqual({
      type: "PlanResult",
      worker_id: "w",
      plan_id: "p",
      result: { status: "Failed", error: "boom", duration_ms: 1 },
    });
    expect(lowerMessage(message, all)).toStrictEqual(message);
    expect(lowerResult({ status: "Cancelled", duration_ms: 1, stopped: true }, none)).toStrictEqual(
      { status: "Failed", error: "cancelled", duration_ms: 1 },
    );
    const complete: Message = {
      type: "StreamComplete",
      stream_id: "s",
      result: { status: "Success", output: text, duration_ms: 1, states: { n: ints } },
    };
    expect(lowerMessage(complete, none)).toMatchObject({
      result: { output: { type: "Json", data: "t" }, states: { n: floats(1, 2) } },
    });
  });

  test("that holds nothing to lower comes back as it is", () => {
    const ping: Message = { type: "Ping" };
    expect(lowerMessage(ping, none)).toBe(ping);
  });
});
