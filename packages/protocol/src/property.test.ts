// Generated values, plans and messages through every codec and form.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBinary, encodeBinary } from "./codec/binary.js";
import { readChunkHead } from "./codec/chunk-head.js";
import { decodeFrame, encodeFrame } from "./codec/frame.js";
import { decodeText, encodeText } from "./codec/text.js";
import { isPlanwireError } from "./errors.js";
import { FEATURES, type Feature } from "./features.js";
import { lowerMessage } from "./lower-message.js";
import type { Message } from "./messages/message.js";
import type { ExecutionPlan } from "./plan.js";
import type { JsonValue } from "./schema/json-value.js";
import { shapePlan } from "./plan-shape.js";
import type { Binding, SerializedPlan } from "./serialized-plan.js";
import { DTYPES, type DType, type TensorData } from "./tensor.js";
import { Value } from "./value.js";

const text = fc.string({ unit: "binary", maxLength: 40 });
const id = fc
  .string({ unit: "binary", minLength: 1, maxLength: 12 })
  .filter((s) => s !== "__proto__");
const count = fc.nat();
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(asRead);
const unknownLength: fc.Arbitrary<number | bigint | null> = fc.option(uint64, { nil: null });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const bytes = fc.uint8Array({ maxLength: 20 });
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

/** As both codecs read integers. */
function asRead(integer: bigint): number | bigint {
  return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
}

const key = fc
  .oneof(text, fc.constantFrom("constructor", "toString", "type", "data", "values", "shape"))
  .filter((k) => k !== "__proto__");
const ownKeys = { maxKeys: 2, noNullPrototype: true };
const json = fc.letrec<{ any: JsonValue }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    text,
    finite,
    int64.map(asRead),
    fc.array(tie("any"), { maxLength: 4 }),
    fc.dictionary(key, tie("any"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).any;

const typedArrays: Readonly<Record<DType, fc.Arbitrary<TensorData["values"]>>> = {
  float64: fc.float64Array({ maxLength: 8 }),
  float32: fc.float32Array({ maxLength: 8 }),
  int64: fc.array(int64, { maxLength: 8 }).map((values) => BigInt64Array.from(values)),
  int32: fc.int32Array({ maxLength: 8 }),
  uint8: fc.uint8Array({ maxLength: 8 }),
  bool: fc.uint8Array({ maxLength: 8, max: 1 }),
};
const shape = fc.array(count, { maxLength: 3 });
const plainTensor = (element: fc.Arbitrary<number>): fc.Arbitrary<TensorData> =>
  fc.record({ values: fc.array(element, { maxLength: 8 }), shape });
const typedTensor = fc
  .constantFrom(...DTYPES)
  .chain((dtype) => fc.record({ values: typedArrays[dtype], shape, dtype: fc.constant(dtype) }));

function valueOf(tensor: fc.Arbitrary<TensorData>, text_: fc.Arbitrary<JsonValue> = json) {
  return fc.letrec<{ any: Value }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.constant<Value>({ type: "Empty" }),
      text_.map((data): Value => ({ type: "Json", data })),
      text.map((data): Value => ({ type: "Text", data })),
      bytes.map((data): Value => ({ type: "Bytes", data })),
      bytes.map((data): Value => ({ type: "Object", data })),
      tensor.map((data): Value => ({ type: "Tensor", data })),
      fc
        .array(fc.tuple(text, tie("any")), { maxLength: 3 })
        .map((data): Value => ({ type: "Record", data })),
    ),
  })).any;
}

/** What goes through every form unchanged: floats that JSON has, in plain arrays. */
const portableValue = valueOf(plainTensor(finite));
const anyValue = valueOf(fc.oneof(plainTensor(fc.double()), typedTensor));

const tree = fc.letrec<{ any: ExecutionPlan }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 5 },
    fc.constant<ExecutionPlan>("Empty"),
    id.map((node_id): ExecutionPlan => ({ Execute: { node_id } })),
    fc
      .tuple(id, fc.uint8Array({ minLength: 32, maxLength: 32 }))
      .map(([node_id, k]): ExecutionPlan => ({ Cached: { node_id, key: [...k] } })),
    fc.array(tie("any"), { maxLength: 3 }).map((Sequence): ExecutionPlan => ({ Sequence })),
    fc.array(tie("any"), { maxLength: 3 }).map((Parallel): ExecutionPlan => ({ Parallel })),
    fc
      .tuple(id, tie("any"), fc.option(count))
      .map(([node_id, body, max_iterations]): ExecutionPlan => ({
        Loop: { node_id, body, max_iterations },
      })),
    fc
      .tuple(id, fc.array(fc.tuple(text, tie("any")), { maxLength: 3 }))
      .map(([node_id, arms]): ExecutionPlan => ({ Branch: { node_id, arms } })),
    fc.tuple(id, id, tie("any")).map(([node_id, WorkerId, plan]): ExecutionPlan => ({
      Remote: { node_id, target: { WorkerId }, plan },
    })),
    fc.array(id, { maxLength: 3 }).map((node_ids): ExecutionPlan => ({ Composite: { node_ids } })),
    fc
      .tuple(fc.array(id, { maxLength: 3 }), count)
      .map(([node_ids, chunk_size]): ExecutionPlan => ({ Stream: { node_ids, chunk_size } })),
  ),
})).any;

function planOf(value: fc.Arbitrary<Value>): fc.Arbitrary<SerializedPlan> {
  return fc.record(
    {
      plan_id: id,
      plan: tree,
      input: fc.oneof(
        fc.constant(null),
        value.map((inner) => ({ source: "Inline" as const, value: inner })),
        value.map((inner) => ({
          source: "Reference" as const,
          data_ref: { type: "Inline" as const, value: inner },
        })),
      ),
      filters: fc.array(
        fc.record({
          node_id: id,
          pickled_filter: text,
          state: fc.option(value),
          requirements: fc.array(text),
          trainable: fc.boolean(),
        }),
        { maxLength: 2 },
      ),
      mode: fc.oneof(
        fc.constant("Forward" as const),
        fc.record({ Fit: fc.record({ y: fc.option(value) }) }),
      ),
      metadata: json,
    },
    { noNullPrototype: true },
  );
}

function bindingOf(value: fc.Arbitrary<Value>): fc.Arbitrary<Binding> {
  return fc.record(
    { node_id: id, uses: fc.string({ minLength: 1 }), params: json, state: fc.option(value) },
    { requiredKeys: ["node_id", "uses"], noNullPrototype: true },
  );
}

/** What may stand beside the inherited fields. */
const besidePlan = fc.record(
  {
    edges: fc.dictionary(id, fc.array(id, { maxLength: 2 }), ownKeys),
    arm_keys: fc.dictionary(id, fc.array(text, { maxLength: 2 }), ownKeys),
    bindings: fc.array(bindingOf(portableValue), { maxLength: 3 }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

function messageOf(value: fc.Arbitrary<Value>): fc.Arbitrary<Message> {
  const states = fc.dictionary(id, value, { maxKeys: 2, noNullPrototype: true });
  const result = fc.oneof(
    fc.record({
      status: fc.constant("Success" as const),
      output: value,
      duration_ms: uint64,
      states,
    }),
    fc.record({ status: fc.constant("Failed" as const), error: text, duration_ms: uint64 }),
  );
  const messages: fc.Arbitrary<Message>[] = [
    fc.record({ type: fc.constant("AssignPlan" as const), plan: planOf(value) }),
    fc.record({
      type: fc.constant("StreamBegin" as const),
      stream_id: id,
      plan_id: id,
      total_chunks: unknownLength,
      plan: planOf(value),
    }),
    fc.record({
      type: fc.constantFrom("ChunkData" as const, "ChunkResult" as const),
      stream_id: id,
      chunk_index: uint64,
      value,
    }),
    fc.record({ type: fc.constant("StreamComplete" as const), stream_id: id, result }),
    fc.record({ type: fc.constant("PlanResult" as const), worker_id: id, plan_id: id, result }),
    fc.record({
      type: fc.constant("JobProgress" as const),
      worker_id: id,
      job_id: id,
      phase: text,
      step: uint64,
      total: uint64,
      metrics: json,
    }),
  ];
  return fc.oneof(...messages);
}

/** The same data with every object's keys in another order. */
const shuffled = (raw: unknown, seed: number): unknown => {
  if (Array.isArray(raw)) return raw.map((item) => shuffled(item, seed));
  if (typeof raw !== "object" || raw === null || ArrayBuffer.isView(raw)) return raw;
  const entries = Object.entries(raw).map(([k, v]) => [k, shuffled(v, seed)] as const);
  const turn = entries.length === 0 ? 0 : seed % entries.length;
  return Object.fromEntries([...entries.slice(turn), ...entries.slice(0, turn)].toReversed());
};

/** A value in the positional form that older peers write. */
function positionalValue(value: Value): unknown {
  switch (value.type) {
    case "Empty":
      return ["Empty"];
    case "Tensor":
      return ["Tensor", [value.data.values, value.data.shape]];
    case "Bytes":
    case "Object":
      return [value.type, [...value.data]];
    case "Record":
      return ["Record", value.data.map(([k, member]) => [k, positionalValue(member)])];
    default:
      return [value.type, value.data];
  }
}

function positionalTree(plan: ExecutionPlan): unknown {
  if (plan === "Empty") return plan;
  if ("Sequence" in plan) return { Sequence: plan.Sequence.map(positionalTree) };
  if ("Parallel" in plan) return { Parallel: plan.Parallel.map(positionalTree) };
  if ("Loop" in plan)
    return { Loop: [plan.Loop.node_id, positionalTree(plan.Loop.body), plan.Loop.max_iterations] };
  if ("Branch" in plan)
    return {
      Branch: [
        plan.Branch.node_id,
        plan.Branch.arms.map(([label, arm]) => [label, positionalTree(arm)]),
      ],
    };
  if ("Remote" in plan)
    return { Remote: [plan.Remote.node_id, plan.Remote.target, positionalTree(plan.Remote.plan)] };
  const [[variant, fields]] = Object.entries(plan) as [[string, object]];
  return { [variant]: Object.values(fields) };
}

function positionalPlan({
  plan_id,
  plan,
  input,
  filters,
  mode,
  metadata,
}: SerializedPlan): unknown {
  const source =
    input?.source === "Inline"
      ? ["Inline", positionalValue(input.value)]
      : input?.data_ref.type === "Inline"
        ? ["Reference", ["Inline", positionalValue(input.data_ref.value)]]
        : null;
  const option = (value: Value | null | undefined) => (value ? positionalValue(value) : null);
  const packs = (filters ?? []).map((f) => [
    f.node_id,
    f.pickled_filter,
    option(f.state),
    f.requirements,
    f.trainable,
  ]);
  const how = mode && mode !== "Forward" ? { Fit: [option(mode.Fit.y)] } : "Forward";
  return [plan_id, positionalTree(plan), source, packs, how, metadata];
}

function positionalMessage(message: Message): unknown {
  switch (message.type) {
    case "AssignPlan":
      return ["AssignPlan", positionalPlan(message.plan)];
    case "StreamBegin":
      return [
        "StreamBegin",
        message.stream_id,
        message.plan_id,
        message.total_chunks,
        positionalPlan(message.plan),
      ];
    case "ChunkData":
    case "ChunkResult":
      return [message.type, message.stream_id, message.chunk_index, positionalValue(message.value)];
    case "StreamComplete":
      return ["StreamComplete", message.stream_id, positionalResult(message.result)];
    case "PlanResult":
      return ["PlanResult", message.worker_id, message.plan_id, positionalResult(message.result)];
    default:
      return Object.values(message);
  }
}

type Result = Extract<Message, { type: "PlanResult" }>["result"];
function positionalResult(result: Result): unknown {
  if (result.status !== "Success") return Object.values(result);
  const states = Object.entries(result.states ?? {}).map(([k, state]) => [
    k,
    positionalValue(state),
  ]);
  return [
    "Success",
    positionalValue(result.output),
    result.duration_ms,
    Object.fromEntries(states),
  ];
}

/** Compared as written, by text (-0 and bigints told apart) and by bytes (NaN and typed arrays too). */
const cameBack = (read: unknown, written: unknown) => {
  expect(encodeText(read)).toBe(encodeText(written));
  expect(Buffer.from(encodeBinary(read, { typed: true }))).toEqual(
    Buffer.from(encodeBinary(written, { typed: true })),
  );
};

describe("a frame", () => {
  const read = (frame: string | Uint8Array) => {
    const [decoded] = decodeFrame(frame);
    return decoded?.ok ? decoded.message : decoded?.error;
  };

  test("is read as its parse reads it, whether it is exactly what its schema says or not", () => {
    fc.assert(
      fc.property(messageOf(portableValue), (message) => {
        const text = encodeText(message);
        cameBack(read(text), decodeText(text));
      }),
    );
    fc.assert(
      fc.property(messageOf(anyValue), (message) => {
        const bytes = encodeBinary(message, { typed: true });
        cameBack(read(bytes), decodeBinary(bytes));
      }),
    );
  });
});

describe("what was written comes back", () => {
  test("portable messages from text", () => {
    fc.assert(
      fc.property(messageOf(portableValue), (message) =>
        cameBack(decodeText(encodeText(message)), message),
      ),
    );
  });

  test("portable messages from named msgpack as inherited peers get it", () => {
    fc.assert(
      fc.property(messageOf(portableValue), (message) =>
        cameBack(decodeBinary(encodeBinary(message)), message),
      ),
    );
  });

  test("any value from typed msgpack: every dtype, NaN, infinities, -0", () => {
    fc.assert(
      fc.property(messageOf(anyValue), (message) =>
        cameBack(decodeBinary(encodeBinary(message, { typed: true })), message),
      ),
    );
  });

  test("portable messages from positional msgpack", () => {
    fc.assert(
      fc.property(messageOf(portableValue), (message) =>
        cameBack(decodeBinary(encodeBinary(positionalMessage(message))), message),
      ),
    );
  });

  test("whatever the order of keys, and with unknown keys", () => {
    fc.assert(
      fc.property(planOf(portableValue), count, (plan, seed) => {
        const message = { type: "AssignPlan", plan, unknown: { a: [1n] } };
        const known = { type: "AssignPlan", plan };
        // Json keeps its own order, so compare sorted.
        for (const read of [
          decodeText(encodeText(shuffled(message, seed))),
          decodeBinary(encodeBinary(shuffled(message, seed))),
        ]) {
          expect(sorted(read)).toBe(sorted(known));
        }
      }),
    );
  });

  test("folded plans, as our peers write them and as others may", () => {
    const plan = planOf(portableValue);
    fc.assert(
      fc.property(plan, besidePlan, json, ({ plan_id, input, ...usual }, others, metadata) => {
        const fixed = { ...usual, ...others };
        const byHand = { plan_id, shape: encodeText(fixed), input };
        for (const own of [{}, {}, { metadata }]) {
          const sent = { type: "AssignPlan", plan: { ...byHand, ...own } };
          const meant = { type: "AssignPlan", plan: { plan_id, input, ...fixed, ...own } };
          const [read] = decodeFrame(encodeText(sent));
          expect(sorted(read?.ok && read.message)).toBe(sorted(meant));
        }
        shapePlan(fixed);
        const message: Message = { type: "AssignPlan", plan: { plan_id, input, ...fixed } };
        const [decoded] = decodeFrame(encodeFrame(message, new Set(FEATURES)));
        expect(sorted(decoded?.ok && decoded.message)).toBe(sorted(message));
      }),
    );
  });

  test("frames for our own peers, whatever they announced, once lowered", () => {
    fc.assert(
      fc.property(messageOf(portableValue), fc.subarray([...FEATURES]), (message, announced) => {
        const features = new Set<Feature>(announced);
        const [decoded] = decodeFrame(encodeFrame(lowerMessage(message, features), features));
        expect(decoded?.ok).toBe(true);
      }),
    );
  });
});

function sorted(raw: unknown): string {
  const sort = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sort);
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
    return Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sort(v)]);
  };
  return encodeText(sort(raw));
}

describe("bytes and text from anywhere", () => {
  const harmless = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      if (!isPlanwireError(error)) throw error;
      expect(["INVALID_MESSAGE", "UNKNOWN_TYPE"]).toContain(error.code);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  };

  test("give a message or a PlanwireError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (frame) =>
        harmless(() => decodeBinary(frame)),
      ),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (frame) => harmless(() => decodeText(frame))),
    );
    fc.assert(fc.property(fc.json(), (frame) => harmless(() => decodeText(frame))));
  });

  test("that were a message but for some bytes give a message or a PlanwireError", () => {
    const flips = fc.array(fc.tuple(count, fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(messageOf(anyValue), flips, count, (message, changes, cut) => {
        const frame = encodeBinary(message, { typed: true });
        for (const [at, byte] of changes) frame[at % frame.length] = byte;
        harmless(() => decodeBinary(frame));
        harmless(() => decodeBinary(frame.subarray(0, cut % frame.length)));
      }),
      { numRuns: 500 },
    );
  });

  test("whose head is read as a chunk's have that head when decoded whole", () => {
    const flips = fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 3 });
    const chunk = fc.record({
      type: fc.constantFrom("ChunkData" as const, "ChunkResult" as const),
      stream_id: id,
      chunk_index: fc.oneof(count, uint64),
      value: anyValue,
    });
    let understood = 0;
    fc.assert(
      fc.property(chunk, flips, (message, changes) => {
        const frame = encodeBinary(message, { typed: true });
        for (const [at, byte] of changes) if (at < frame.length) frame[at] = byte;
        const head = readChunkHead(frame);
        if (changes.length === 0)
          expect(head !== undefined).toBe(typeof message.chunk_index === "number");
        if (!head) return;
        harmless(() => {
          const whole = decodeBinary(frame);
          understood++;
          expect(whole).toMatchObject({
            type: head.type,
            stream_id: head.streamId,
            chunk_index: head.index,
          });
        });
      }),
      { numRuns: 1000 },
    );
    expect(understood).toBeGreaterThan(100);
  });
});

test("64-bit integers are exact in every form", () => {
  fc.assert(
    fc.property(fc.oneof(int64, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), (integer) => {
      const value: Value = { type: "Json", data: [integer] };
      for (const read of [
        decodeText(encodeText(value), Value),
        decodeBinary(encodeBinary(value), Value),
        decodeBinary(encodeBinary(value, { typed: true }), Value),
      ]) {
        expect(read).toStrictEqual({ type: "Json", data: [asRead(integer)] });
      }
    }),
  );
});
