import { describe, expect, test } from "vitest";
import * as z from "zod";
import { isPlanwireError, type PlanwireError } from "../errors.js";
import { JsonValue } from "../schema/json-value.js";
import { Value } from "../value.js";
import { decodeText, encodeText } from "./text.js";

function errorOf(run: () => unknown): PlanwireError<"INVALID_MESSAGE"> {
  try {
    run();
  } catch (error) {
    if (isPlanwireError(error)) return error as PlanwireError<"INVALID_MESSAGE">;
    throw error;
  }
  return expect.fail("nothing was thrown");
}

describe("integers in text", () => {
  test.each<[string, number | bigint]>([
    ["9007199254740991", 9007199254740991],
    ["-9007199254740991", -9007199254740991],
    ["9007199254740992", 9007199254740992n],
    ["9007199254740993", 9007199254740993n],
    ["-9007199254740993", -9007199254740993n],
    ["1152921504606846976", 1152921504606846976n],
    ["18446744073709551615", 18446744073709551615n],
    ["-9223372036854775808", -9223372036854775808n],
    ["9007199254740993.0", 9007199254740992],
    ["9007199254740993e0", 9007199254740992],
    ["18446744073709551616", 18446744073709551616],
    ["1000000000000000000000000000000", 1e30],
    ["0.1234567890123456789", 0.12345678901234568],
    ["-0", -0],
    ["-0.0", -0],
    ["1e3", 1000],
  ])("%s is read by its range and its spelling", (literal, expected) => {
    expect(decodeText(literal, JsonValue)).toBe(expected);
    expect(decodeText(`{"a":[ ${literal} ,1]}`, JsonValue)).toStrictEqual({ a: [expected, 1] });
    expect(decodeText(`[1,\n${literal}]`, JsonValue)).toStrictEqual([1, expected]);
  });

  test("a long number in a string stays a string", () => {
    const text = '{"id":"12345678901234567890","n":-1.5,"last":1,"last":2}';
    expect(decodeText(text, JsonValue)).toEqual({ id: "12345678901234567890", n: -1.5, last: 2 });
  });
});

describe("what is written", () => {
  test.each<[unknown, string]>([
    [{ a: undefined, b: [1, "x", null, true] }, '{"b":[1,"x",null,true]}'],
    [{ a: 1n, b: 2n ** 64n - 1n }, '{"a":1,"b":18446744073709551615}'],
    [[-0, 0], "[-0.0,0]"],
    [2 ** 60, "1152921504606847000.0"],
    [1e300, "1e+300"],
    [[NaN, Infinity, 1n], "[null,null,1]"],
    [Uint8Array.of(0, 255), "[0,255]"],
    [BigInt64Array.of(2n ** 63n - 1n), "[9223372036854775807]"],
    [Float64Array.of(NaN, -0, 1.5, 2 ** 60), "[null,-0.0,1.5,1152921504606847000.0]"],
    [Float32Array.of(0.5, Infinity), "[0.5,null]"],
    [Int32Array.of(-1, 7), "[-1,7]"],
    [{ "a\n": "\ud800", u: undefined, n: 1n }, '{"a\\n":"\\ud800","n":1}'],
  ])("%o", (value, text) => {
    expect(encodeText(value)).toBe(text);
  });

  test("an integral float beyond 2^53 comes back as the number that it was", () => {
    expect(decodeText(encodeText([2 ** 60, 2n ** 60n]), JsonValue)).toStrictEqual([
      2 ** 60,
      2n ** 60n,
    ]);
  });

  test("what can't travel is refused with its path", () => {
    const error = errorOf(() => encodeText({ plan: { rows: [1n, 2n ** 64n] } }));
    expect(error).toMatchObject({
      code: "VALUE_UNSUPPORTED",
      details: { path: "plan.rows[1]", found: "an integer beyond 64 bits" },
    });
    expect(errorOf(() => encodeText({ a: Int8Array.of(1) }))).toMatchObject({
      code: "VALUE_UNSUPPORTED",
      details: { path: "a", found: "Int8Array" },
    });
    const deep: unknown[] = [];
    let inner = deep;
    for (let i = 0; i < 200_000; i++) inner.push((inner = []));
    expect(errorOf(() => encodeText(deep)).code).toBe("VALUE_UNSUPPORTED");
  });
});

describe("text that is not understood", () => {
  test.each(["", "{", "[1,", '{"type":"Ping"}x', "nul", '{"n":12345678901234567890', "\ufeff1"])(
    "%j is no JSON",
    (text) => {
      expect(errorOf(() => decodeText(text))).toMatchObject({
        code: "INVALID_MESSAGE",
        details: { path: "", expected: "JSON" },
      });
    },
  );

  test("an unknown type is named", () => {
    const error = errorOf(() => decodeText('{"type":"Frobnicate"}'));
    expect(error.code).toBe("UNKNOWN_TYPE");
    expect(error.message).toBe('unknown message type "Frobnicate"');
    expect(error.details.path).toBe("type");
    expect(error.details.expected).toContain("Heartbeat");
  });

  test.each(["{}", "null", "1", '"Ping"', '{"type":7}', '{"type":null}', "[]"])(
    "%s lacks a type",
    (text) => {
      expect(errorOf(() => decodeText(text)).code).toBe("INVALID_MESSAGE");
    },
  );

  test("says where it is wrong and what was expected there", () => {
    const assign = (plan: unknown) =>
      JSON.stringify({ type: "AssignPlan", plan: { plan_id: "p", plan, metadata: {} } });
    const cases: [unknown, string, string][] = [
      [
        { Sequence: ["Empty", { Execute: { node_id: 7 } }] },
        "plan.plan.Sequence[1].Execute.node_id",
        "string",
      ],
      [{ Sequence: ["Empty", { Execute: {} }] }, "plan.plan.Sequence[1].Execute.node_id", "string"],
      [{ Jump: {} }, "plan.plan", "one of Empty, Sequence, Parallel"],
      [
        { Branch: { node_id: "b", arms: [["a", { Loop: { node_id: "l" } }]] } },
        "plan.plan.Branch.arms[0][1].Loop.body",
        "one plan variant",
      ],
    ];
    for (const [plan, path, expected] of cases) {
      const error = errorOf(() => decodeText(assign(plan)));
      expect(error.code).toBe("INVALID_MESSAGE");
      expect(error.details.path).toBe(path);
      expect(error.details.expected).toContain(expected);
      expect(error.message).toContain(path);
    }
  });

  test("nesting that would exhaust the stack is refused", () => {
    const sequence = '{"Sequence":['.repeat(50_000) + "]}".repeat(50_000);
    const texts = [
      `{"type":"AssignPlan","plan":{"plan_id":"p","plan":${sequence}}}`,
      `{"type":"Json","data":${"[".repeat(100_000)}12345678901234567890${"]".repeat(100_000)}}`,
    ];
    expect(errorOf(() => decodeText(texts[0] ?? "")).code).toBe("INVALID_MESSAGE");
    expect(errorOf(() => decodeText(texts[1] ?? "", Value)).code).toBe("INVALID_MESSAGE");
  });

  test("Json deeper than the limit is refused with its path", () => {
    const error = errorOf(() =>
      decodeText(`{"type":"Json","data":${"[".repeat(201)}${"]".repeat(201)}}`, Value),
    );
    expect(error.details.path).toMatch(/^data(\[0\])+$/);
    expect(error.message).toContain("nesting deeper than allowed");
  });

  test("a number too large for float64 is no Json, but an infinity in a tensor", () => {
    expect(
      errorOf(() => decodeText('{"type":"Json","data":{"a":1e999}}', Value)).details.path,
    ).toBe("data.a");
    const tensor = decodeText(
      '{"type":"Tensor","data":{"values":[1e999,null],"shape":[2]}}',
      Value,
    );
    expect(tensor).toEqual({ type: "Tensor", data: { values: [Infinity, NaN], shape: [2] } });
  });
});

test("own members are written exactly, whatever their key and their object's prototype, and inherited ones never", () => {
  const long = 2n ** 60n;
  expect(encodeText(decodeText(`{"__proto__":${long}}`, JsonValue))).toBe(`{"__proto__":${long}}`);
  expect(encodeText(Object.assign(Object.create(null), { a: long, b: -0 }))).toBe(
    `{"a":${long},"b":-0.0}`,
  );
  expect(encodeText(Object.assign(Object.create({ b: long }), { a: 1 }))).toBe('{"a":1}');
});

test("__proto__ and constructor are ordinary keys in Json, also beside long integers", () => {
  for (const extra of ["1", "12345678901234567890"]) {
    const text = `{"type":"Json","data":{"__proto__":{"polluted":${extra}},"constructor":{"prototype":1}}}`;
    const value = decodeText(text, Value);
    expect(encodeText(value)).toBe(text);
    expect(value.type === "Json" && Object.getPrototypeOf(value.data)).toBe(Object.prototype);
    expect("polluted" in {}).toBe(false);
  }
});

test("any schema can be read, and its own types come out", () => {
  const point = decodeText('{"x":1}', z.object({ x: z.number() }));
  expect(point.x).toBe(1);
});
