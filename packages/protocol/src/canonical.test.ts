import { describe, expect, test } from "vitest";
import { canonicalContent } from "./canonical.js";
import { decodeBinary, encodeBinary } from "./codec/binary.js";
import { decodeText, encodeText } from "./codec/text.js";
import { SerializedPlan } from "./serialized-plan.js";
import type { Value } from "./value.js";

const plan = (part: Partial<SerializedPlan> = {}): SerializedPlan => ({
  plan_id: "p",
  plan: "Empty",
  metadata: {},
  ...part,
});
const input = (value: Value): SerializedPlan => plan({ input: { source: "Inline", value } });
const json = (data: never): SerializedPlan => input({ type: "Json", data });

const same = (a: SerializedPlan, b: SerializedPlan) =>
  expect(canonicalContent(a)).toBe(canonicalContent(b));
const differ = (a: SerializedPlan, b: SerializedPlan) =>
  expect(canonicalContent(a)).not.toBe(canonicalContent(b));

test("it is one JSON text with sorted keys and every default", () => {
  expect(canonicalContent(plan())).toBe(
    '{"arm_keys":{},"bindings":[],"edges":{},"filters":[],"input":null,"mode":"Forward","plan":"Empty"}',
  );
});

describe("the same content", () => {
  test("does not depend on plan_id and metadata", () => {
    same(plan(), plan({ plan_id: "q", metadata: { name: "x" } }));
  });

  test("does not depend on the order of keys", () => {
    same(
      json({ a: 1, b: [{ c: 1, d: 2 }] } as never),
      json({ b: [{ d: 2, c: 1 }], a: 1 } as never),
    );
  });

  test("does not depend on how a number is held", () => {
    same(json([1, -0, 2 ** 60] as never), json([1n, 0, 2n ** 60n] as never));
    const tensor = (values: number[] | Float64Array, dtype?: "float64") =>
      input({ type: "Tensor", data: { values, shape: [2], dtype } });
    same(tensor([1, NaN]), tensor(Float64Array.of(1, NaN), "float64"));
  });

  test("does not depend on whether defaults are written", () => {
    const loop = (max_iterations?: number | null) =>
      plan({ plan: { Sequence: [{ Loop: { node_id: "l", body: "Empty", max_iterations } }] } });
    same(loop(), loop(100));
    same(loop(null), loop(100));
    same(
      plan(),
      plan({ input: null, filters: null, mode: null, edges: {}, arm_keys: {}, bindings: [] }),
    );
    same(
      plan({ filters: [{ node_id: "n", pickled_filter: "x" }] }),
      plan({
        filters: [
          {
            node_id: "n",
            pickled_filter: "x",
            state: { type: "Empty" },
            requirements: [],
            trainable: false,
          },
        ],
      }),
    );
    const s3 = (region?: null) =>
      plan({
        input: { source: "Reference", data_ref: { type: "S3", bucket: "b", key: "k", region } },
      });
    same(s3(), s3(null));
  });

  test("survives both codecs", () => {
    const whole = plan({
      plan: {
        Branch: {
          node_id: "b",
          arms: [["x", { Remote: { node_id: "r", target: { Tag: "t" }, plan: "Empty" } }]],
        },
      },
      input: {
        source: "Inline",
        value: {
          type: "Record",
          data: [
            [
              "a",
              {
                type: "Tensor",
                data: { values: BigInt64Array.of(2n ** 60n), shape: [1], dtype: "int64" },
              },
            ],
          ],
        },
      },
      mode: { Fit: { y: { type: "Bytes", data: Uint8Array.of(1, 200) } } },
      bindings: [{ node_id: "b", uses: "b@1", params: { k: 18446744073709551615n } }],
    });
    same(whole, decodeText(encodeText(whole), SerializedPlan));
    same(whole, decodeBinary(encodeBinary(whole, { typed: true }), SerializedPlan));
  });
});

test.each<[string, SerializedPlan, SerializedPlan]>([
  ["a long integer", json(9007199254740992n as never), json(9007199254740993n as never)],
  ["a string and a number", json("1" as never), json(1 as never)],
  ["Text and Json", input({ type: "Text", data: "a" }), input({ type: "Json", data: "a" })],
  [
    "Bytes and Object",
    input({ type: "Bytes", data: Uint8Array.of(1) }),
    input({ type: "Object", data: Uint8Array.of(1) }),
  ],
  [
    "a dtype",
    input({ type: "Tensor", data: { values: Uint8Array.of(1), shape: [1], dtype: "bool" } }),
    input({ type: "Tensor", data: { values: Uint8Array.of(1), shape: [1], dtype: "uint8" } }),
  ],
  [
    "NaN and infinity",
    input({ type: "Tensor", data: { values: [NaN], shape: [1] } }),
    input({ type: "Tensor", data: { values: [Infinity], shape: [1] } }),
  ],
  [
    "the order of a Record",
    input({
      type: "Record",
      data: [
        ["a", { type: "Empty" }],
        ["b", { type: "Empty" }],
      ],
    }),
    input({
      type: "Record",
      data: [
        ["b", { type: "Empty" }],
        ["a", { type: "Empty" }],
      ],
    }),
  ],
  ["edges", plan({ edges: { a: ["b"] } }), plan({ edges: { a: ["c"] } })],
  ["arm keys", plan({ arm_keys: { "": ["a"] } }), plan({ arm_keys: { "": ["b"] } })],
  [
    "a binding",
    plan({ bindings: [{ node_id: "a", uses: "f@1" }] }),
    plan({ bindings: [{ node_id: "a", uses: "f@2" }] }),
  ],
  ["the mode", plan({ mode: "Forward" }), plan({ mode: { Fit: { y: null } } })],
  ["a key named __proto__", json(JSON.parse('{"__proto__":1}') as never), json({} as never)],
])("another content: %s", (_, a, b) => {
  differ(a, b);
});
