// What goes out comes back, here and over both codecs.
import { decodeBinary, decodeText, encodeBinary, encodeText, Value } from "@planwire/protocol";
import assert from "node:assert/strict";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fromValue } from "./from-value.js";
import { toValue } from "./to-value.js";

const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const farInteger = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })
  .filter((x) => x > Number.MAX_SAFE_INTEGER || x < Number.MIN_SAFE_INTEGER);
const atom = fc.oneof(
  number,
  fc.integer(),
  farInteger,
  fc.string(),
  fc.boolean(),
  fc.constant(null),
);

const bytes = fc.uint8Array({ maxLength: 20 });
const tensor = fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 4 })).chain(([rows, columns]) => {
  const size = { minLength: rows * columns, maxLength: rows * columns };
  return fc
    .oneof(
      fc.tuple(fc.constant("float64"), fc.float64Array(size)),
      fc.tuple(fc.constant("float32"), fc.float32Array(size)),
      fc.tuple(fc.constant("int32"), fc.int32Array(size)),
      fc.tuple(fc.constant("int64"), fc.bigInt64Array(size)),
      fc.tuple(fc.constant("uint8"), fc.uint8Array(size)),
      fc.tuple(fc.constant("bool"), fc.uint8Array({ ...size, max: 1 })),
    )
    .map(([dtype, data]) => ({ dtype, shape: [rows, columns], data }));
});

const ordinaryKey = fc
  .oneof(fc.string(), fc.constantFrom("constructor", "toString", "data"))
  .filter((key) => key !== "__proto__");
const anyKey = fc.oneof(ordinaryKey, fc.constant("__proto__"));

function jsonWith(key: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  return fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      atom,
      fc.array(tie("json"), { maxLength: 5 }),
      fc.dictionary(key, tie("json"), { maxKeys: 5, noNullPrototype: true }),
    ),
  })).json;
}

function plainWith(key: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  return fc.letrec<{ plain: unknown }>((tie) => ({
    plain: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      jsonWith(key),
      bytes,
      tensor,
      fc.dictionary(key, tie("plain"), { maxKeys: 5, noNullPrototype: true }),
    ),
  })).plain;
}

// Compared by Node: vitest takes a key named "constructor" for an object's class.
test("what toValue takes, fromValue gives back", () => {
  fc.assert(
    fc.property(plainWith(anyKey), (x) => {
      assert.deepEqual(fromValue(toValue(x)), x);
    }),
  );
});

// msgpack refuses the key __proto__.
test("it stays the same over a binary frame between our own peers", () => {
  fc.assert(
    fc.property(plainWith(ordinaryKey), (x) => {
      const frame = encodeBinary(toValue(x), { typed: true, tensors: true });
      assert.deepEqual(fromValue(decodeBinary(frame, Value)), x);
    }),
  );
});

test("plain JSON stays the same over a text frame", () => {
  fc.assert(
    fc.property(jsonWith(anyKey), (x) => {
      assert.deepEqual(fromValue(decodeText(encodeText(toValue(x)), Value)), x);
    }),
  );
});

test("it makes Values only, and leaves what it was given as it was", () => {
  fc.assert(
    fc.property(plainWith(anyKey), (x) => {
      const before = structuredClone(x);
      expect(Value.safeParse(toValue(x)).success).toBe(true);
      assert.deepEqual(x, before);
    }),
  );
});
