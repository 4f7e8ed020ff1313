import { describe, expect, test } from "vitest";
import { decodeFrame, encodeFrame, isUntypedReply, type Decoded } from "./codec/frame.js";
import { FEATURES, type Feature } from "./features.js";
import { LIMITS } from "./limits.js";
import { lowerMessage } from "./lower-message.js";
import type { Message } from "./messages/message.js";
import { shapeOf, shapePlan } from "./plan-shape.js";
import type { FixedPlan, SerializedPlan } from "./serialized-plan.js";

const ALL: ReadonlySet<Feature> = new Set(FEATURES);
const input = { source: "Inline", value: { type: "Json", data: 1 } } as const;

function fixedPlan(of: Partial<FixedPlan> = {}): FixedPlan {
  return {
    plan: { Sequence: [{ Execute: { node_id: "a" } }, { Execute: { node_id: "b" } }] },
    metadata: { name: "tidy" },
    bindings: [{ node_id: "a", uses: "add@1", params: { by: [1, { deep: true }] } }],
    ...of,
  };
}

function shaped(of: Partial<FixedPlan> = {}): FixedPlan {
  const fixed = fixedPlan(of);
  shapePlan(fixed);
  return fixed;
}

const assign = (plan: SerializedPlan): Message => ({ type: "AssignPlan", plan, attempt: 1 });

/** What a peer that announced `features` gets. */
function written(message: Message, features = ALL): { plan: Record<string, unknown> } {
  const frame = encodeFrame(message, features);
  return typeof frame === "string" ? JSON.parse(frame) : expect.fail("it went as msgpack");
}

const decoded = (raw: unknown): Decoded =>
  decodeFrame(JSON.stringify({ type: "AssignPlan", plan: raw }))[0] ?? expect.fail("no message");

function readPlan(raw: unknown): SerializedPlan {
  const read = decoded(raw);
  if (!read.ok) throw read.error;
  const { message } = read;
  if (isUntypedReply(message) || message.type !== "AssignPlan") return expect.fail("no AssignPlan");
  return message.plan;
}

const readShape = (shape: string) => readPlan({ plan_id: "p", shape });
const isRemembered = (shape: string) => readShape(shape).plan === readShape(shape).plan;

/** A shape of exactly so many characters, unlike any other of the same `nr`. */
function shapeOfLength(length: number, nr: number): string {
  const text = (fill: string) =>
    JSON.stringify({ plan: { Execute: { node_id: "a" } }, metadata: { nr, fill } });
  return text("x".repeat(length - text("").length));
}

describe("a plan with a shape", () => {
  test("travels folded, and comes back whole", () => {
    const fixed = shaped({ edges: { b: ["a"] }, arm_keys: { "": ["x"] }, mode: "Forward" });
    const plan = { plan_id: "p", input, policy: { max_attempts: 2 }, ...fixed };
    const sent = written(assign(plan)).plan;
    expect(sent).toEqual({
      plan_id: "p",
      shape: JSON.stringify(fixed),
      input,
      policy: { max_attempts: 2 },
    });
    expect(readPlan(sent)).toStrictEqual(plan);
  });

  test("travels folded in a Submit, too, and is passed on as it came", () => {
    const submit: Message = { type: "Submit", request_id: 1, plan: { plan_id: "p", ...shaped() } };
    const { shape } = written(submit).plan;
    const came = readShape(String(shape));
    expect(written(assign({ ...came, plan_id: "other", input })).plan).toEqual({
      plan_id: "other",
      shape,
      input,
    });
  });

  test.each<[string, Partial<SerializedPlan>]>([
    ["another one", { metadata: { name: "tidy", label: "night" } }],
    ["none", { metadata: undefined }],
    ["null", { metadata: null }],
  ])("takes %s in place of its metadata", (_, { metadata }) => {
    const plan = { plan_id: "p", ...shaped(), metadata };
    const sent = written(assign(plan)).plan;
    expect(sent).toEqual({
      plan_id: "p",
      shape: expect.any(String),
      metadata: metadata === undefined ? {} : metadata,
    });
    for (const read of [readPlan(sent), readPlan(sent)]) {
      expect(read).toEqual({ ...plan, metadata: metadata === undefined ? {} : metadata });
    }
  });

  test("goes whole to a peer that doesn't know shapes", () => {
    const plan = { plan_id: "p", ...shaped() };
    const others = new Set(FEATURES.filter((feature) => feature !== "shapes"));
    expect(written(assign(plan), others).plan).toEqual(plan);
    expect(written(lowerMessage(assign(plan), new Set()), new Set()).plan).toMatchObject({
      plan: plan.plan,
    });
  });

  test("goes whole where a Stream begins, and where its input is typed", () => {
    const plan: SerializedPlan = { plan_id: "p", ...shaped() };
    const begin: Message = { type: "StreamBegin", stream_id: "s", plan_id: "p", plan };
    const typed: SerializedPlan = {
      ...plan,
      input: { source: "Inline", value: { type: "Bytes", data: Uint8Array.of(1) } },
    };
    for (const message of [begin, assign(typed)]) {
      const [read] = decodeFrame(encodeFrame(message, ALL));
      expect(read).toMatchObject({ ok: true, message });
    }
  });

  test.each<[string, (plan: SerializedPlan) => Partial<SerializedPlan>]>([
    ["a part of the tree", ({ plan }) => ({ plan: (plan as { Sequence: [never] }).Sequence[0] })],
    ["a copy of the tree", ({ plan }) => ({ plan: structuredClone(plan) })],
    ["other bindings", ({ bindings = [] }) => ({ bindings: [...bindings] })],
    ["no bindings", () => ({ bindings: undefined })],
    ["filters", () => ({ filters: [] })],
    ["another mode", () => ({ mode: { Fit: { y: null } } })],
    ["edges", () => ({ edges: { b: ["a"] } })],
    ["arm keys", () => ({ arm_keys: {} })],
  ])("has it no more with %s", (_, change) => {
    const plan = { plan_id: "p", ...shaped() };
    expect(shapeOf(plan)).toBeDefined();
    const changed = { ...plan, ...change(plan) };
    expect(shapeOf(changed)).toBeUndefined();
    expect(written(assign(changed)).plan).toEqual(JSON.parse(JSON.stringify(changed)));
  });

  test("has it no more once it was lowered", () => {
    const others = new Set(FEATURES.filter((feature) => feature !== "late-variants"));
    const lowered = lowerMessage(assign({ plan_id: "p", ...shaped() }), others);
    expect(written(lowered).plan).not.toHaveProperty("shape");
  });

  test.each<[string, Partial<FixedPlan>]>([
    ["a 64-bit integer", { metadata: 2n ** 60n }],
    ["-0", { metadata: [-0] }],
    ["Bytes", { mode: { Fit: { y: { type: "Bytes", data: Uint8Array.of(1) } } } }],
    ["too many characters", { metadata: "x".repeat(LIMITS.shapeLength) }],
    ["no nodes at all", { plan: "Empty" }],
  ])("is never one of %s", (_, of) => {
    const plan = { plan_id: "p", ...shaped(of) };
    expect(shapeOf(plan)).toBeUndefined();
    const [read] = decodeFrame(encodeFrame(assign(plan), ALL));
    expect(read).toMatchObject({ ok: true, message: { plan } });
  });
});

describe("a folded plan that came", () => {
  test("is read once: all that have its shape share one tree, frozen at every depth", () => {
    const shape = JSON.stringify(fixedPlan({ mode: "Forward", edges: { b: ["a"] } }));
    const first = readPlan({ plan_id: "p", shape, input });
    const second = readPlan({ plan_id: "q", shape });
    expect(second.plan).toBe(first.plan);
    expect(second.bindings).toBe(first.bindings);
    expect([first.plan_id, second.plan_id, second.input]).toEqual(["p", "q", undefined]);
    expect(shapeOf(second)).toBe(shapeOf(first));
    const { plan, bindings, metadata, edges } = first;
    for (const shared of [plan, bindings, metadata, edges]) expectFrozen(shared);
  });

  test("is not in another's way: what is not its shape's is its own", () => {
    const shape = JSON.stringify(fixedPlan());
    const first = readPlan({ plan_id: "p", shape });
    first.metadata = { label: "mine" };
    first.policy = { max_attempts: 1 };
    expect(readShape(shape)).toEqual({ plan_id: "p", ...fixedPlan() });
  });

  test("may have keys and numbers that are easily lost", () => {
    const params = '{"__proto__":{"x":1},"constructor":[-0.0,18446744073709551615,1e400]}';
    for (const digits of ["9007199254740993", "9007199254740992", "1234567890123456"]) {
      const shape = `{"plan":{"Execute":{"node_id":"a"}},"bindings":[{"node_id":"a","uses":"a","params":${params.replace("1e400", digits)}}]}`;
      const [binding] = readShape(shape).bindings ?? [];
      const read = binding?.params as Record<string, unknown>;
      expect(Object.keys(read)).toEqual(["__proto__", "constructor"]);
      expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
      const integer = BigInt(digits);
      const asRead = Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
      expect(read["constructor"]).toStrictEqual([-0, 2n ** 64n - 1n, asRead]);
    }
  });

  test("may have such keys and numbers, and is remembered as long as no number is lost in them", () => {
    const shape =
      '{"plan":{"Execute":{"node_id":"a"}},"metadata":{"__proto__":1,"n":[1234567890123456,-9007199254740991]}}';
    expect(isRemembered(shape)).toBe(true);
    expect(JSON.stringify(readShape(shape).metadata)).toBe(
      '{"__proto__":1,"n":[1234567890123456,-9007199254740991]}',
    );
  });

  test("may hold a tensor's NaN, and then has its tensor to itself", () => {
    const fit = { Fit: { y: { type: "Tensor", data: { values: [null, 1], shape: [2] } } } };
    const shape = JSON.stringify({ ...fixedPlan(), mode: fit });
    expect(readShape(shape).mode).toMatchObject({ Fit: { y: { data: { values: [NaN, 1] } } } });
    expect(isRemembered(shape)).toBe(false);
  });

  test("is read for its id, input, metadata and policy beside the shape, and no more", () => {
    const shape = JSON.stringify(fixedPlan());
    const beside = { plan: "Empty", bindings: [], mode: { Fit: {} }, edges: 7, unknown: 1 };
    expect(readPlan({ ...beside, plan_id: "p", shape })).toEqual({
      plan_id: "p",
      ...fixedPlan(),
    });
  });

  const node = (node_id: unknown) => ({ Sequence: ["Empty", { Execute: { node_id } }] });
  test.each<[string, unknown, string, string]>([
    ["no string", { plan_id: "p", shape: 7 }, "plan.shape", "string"],
    ["null", { plan_id: "p", shape: null }, "plan.shape", "string"],
    ["no JSON", { plan_id: "p", shape: "{plan}" }, "plan.shape", "JSON text"],
    ["empty", { plan_id: "p", shape: "" }, "plan.shape", "JSON text"],
    ["JSON's neighbour", { plan_id: "p", shape: '{"plan":NaN}' }, "plan.shape", "JSON text"],
    ["no object", { plan_id: "p", shape: "[1]" }, "plan.shape", "object"],
    ["without a plan", { plan_id: "p", shape: "{}" }, "plan.shape.plan", "one plan variant"],
    [
      "of an unknown variant",
      { plan_id: "p", shape: '{"plan":{"Sequence":["Empty",{"Leap":{}}]}}' },
      "plan.shape.plan.Sequence[1]",
      "one of Empty, Sequence",
    ],
    [
      "of a node without a name",
      { plan_id: "p", shape: JSON.stringify({ plan: node(7) }) },
      "plan.shape.plan.Sequence[1].Execute.node_id",
      "string",
    ],
    [
      "with metadata that nests too deeply",
      {
        plan_id: "p",
        shape: `{"plan":"Empty","metadata":${"[".repeat(300)}${"]".repeat(300)}}`,
      },
      "plan.shape.metadata",
      "JSON",
    ],
    ["fine, but its id", { plan_id: "", shape: '{"plan":"Empty"}' }, "plan.plan_id", ""],
    [
      "fine, but its input",
      { plan_id: "p", shape: '{"plan":"Empty"}', input: 7 },
      "plan.input",
      "",
    ],
    [
      "fine, but the policy beside it",
      { plan_id: "p", shape: '{"plan":"Empty"}', policy: { max_attempts: 0 } },
      "plan.policy.max_attempts",
      "",
    ],
  ])("is refused with the path where its shape is %s", (_, raw, path, expected) => {
    const read = decoded(raw);
    if (read.ok) return expect.fail("it was taken");
    expect(read.error.code).toBe("INVALID_MESSAGE");
    const details = read.error.details as { path: string; expected: string };
    expect(details.path.slice(0, path.length)).toBe(path);
    expect(details.expected).toContain(expected);
    expect(read.error.message.length).toBeLessThan(1000);
  });

  test.each([5_000, 200_000])("is refused when its tree nests %d levels deep", (levels) => {
    const shape = `{"plan":${'{"Sequence":['.repeat(levels)}${"]}".repeat(levels)}}`;
    expect(decoded({ plan_id: "p", shape })).toMatchObject({
      ok: false,
      error: { code: "INVALID_MESSAGE" },
    });
  });

  test("is refused again each time: what is broken is not remembered", () => {
    for (let i = 0; i < 3; i++) {
      expect(decoded({ plan_id: "p", shape: '{"plan":{"Leap":{}}}' })).toMatchObject({ ok: false });
    }
  });

  test("leaves positional plans as they are: an array has no shape", () => {
    const positional = ["p", { Execute: ["a"] }, null, [], "Forward", {}];
    expect(readPlan(positional)).toMatchObject({
      plan_id: "p",
      plan: { Execute: { node_id: "a" } },
    });
  });
});

describe("shapes are remembered", () => {
  test("up to their length, and longer ones read each time, theirs alone", () => {
    expect(isRemembered(shapeOfLength(LIMITS.shapeLength, 0))).toBe(true);
    const long = shapeOfLength(LIMITS.shapeLength + 1, 0);
    expect(isRemembered(long)).toBe(false);
    const plan = readShape(long);
    expect(shapeOf(plan)).toBeUndefined();
    expect(Object.isFrozen(plan.plan)).toBe(false);
  });

  test("up to their number: the oldest are forgotten, and read again", () => {
    const shapes = Array.from({ length: LIMITS.shapes + 1 }, (_, nr) => shapeOfLength(100, nr));
    const [oldest = "", second = ""] = shapes;
    const before = shapes.slice(0, LIMITS.shapes).map((shape) => readShape(shape).plan);
    expect(readShape(oldest).plan).toBe(before[0]);
    readShape(shapes.at(-1) ?? "");
    expect(readShape(second).plan).toBe(before[1]);
    const again = readShape(oldest);
    expect(again.plan).not.toBe(before[0]);
    expect(again.plan).toEqual(before[0]);
    expect(isRemembered(oldest)).toBe(true);
  });

  test("up to their characters taken together", () => {
    const most = LIMITS.shapesLength / LIMITS.shapeLength;
    const shapes = Array.from({ length: most + 1 }, (_, nr) =>
      shapeOfLength(LIMITS.shapeLength, 1000 + nr),
    );
    const before = shapes.map((shape) => readShape(shape).plan);
    expect(readShape(shapes[1] ?? "").plan).toBe(before[1]);
    expect(readShape(shapes[0] ?? "").plan).not.toBe(before[0]);
  });

  test("also when others were read and forgotten for long", () => {
    for (let nr = 0; nr < 5 * LIMITS.shapes; nr++) readShape(shapeOfLength(100 + (nr % 700), nr));
    const shapes = Array.from({ length: LIMITS.shapes }, (_, nr) => shapeOfLength(101, -1 - nr));
    const before = shapes.map((shape) => readShape(shape).plan);
    expect(shapes.map((shape) => readShape(shape).plan)).toEqual(before);
    expect(shapes.every((shape, i) => readShape(shape).plan === before[i])).toBe(true);
  });
});

function expectFrozen(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  expect(Object.isFrozen(value)).toBe(true);
  for (const member of Object.values(value)) expectFrozen(member);
}
