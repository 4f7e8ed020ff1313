import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { decodeFrame } from "../codec/frame.js";
import { readText } from "../codec/json-reader.js";
import { encodeText } from "../codec/text.js";
import { FEATURES } from "../features.js";
import { Message } from "../messages/message.js";
import { rememberShape } from "../plan-shape.js";
import { Value } from "../value.js";
import { WorkerEvent } from "../worker-event.js";
import { exactly } from "./exactly.js";
import { UInt64 } from "./numbers.js";
import { parse } from "./parse.js";

const VALUE = { type: "Json", data: { order: 17, items: ["a", "b"], total: 12.5 } };
const SHAPE = '{"plan":{"Execute":{"node_id":"n"}},"bindings":[{"node_id":"n","uses":"f"}]}';
rememberShape(SHAPE, {
  plan: { Execute: { node_id: "n" } },
  bindings: [{ node_id: "n", uses: "f" }],
});
const FOLDED = { plan_id: "p", shape: SHAPE, input: { source: "Inline", value: VALUE } };
const RUN = { run_id: "p", node_id: "n" };
const RESULT = { status: "Success", output: VALUE, duration_ms: 3, states: {} };
const OUTCOME = { status: "Succeeded", output: VALUE, states: {}, attempts: 1, duration_ms: 3 };

/** What most of the traffic is. */
const USUAL = {
  Submit: { type: "Submit", request_id: 1, plan: FOLDED, watch: true, only_outcome: true },
  AssignPlan: { type: "AssignPlan", plan: { ...FOLDED, metadata: { label: "x" } }, attempt: 1 },
  PlanResult: {
    type: "PlanResult",
    worker_id: "w",
    plan_id: "p",
    result: RESULT,
    attempt: 1,
    events: [
      { event_type: "NodeStarted", ...RUN, kind: "forward" },
      { event_type: "NodeCompleted", ...RUN, duration: 3, of: ["ours", { or: "theirs" }] },
      { event_type: "StudyStarted", name: "s" },
    ],
  },
  failed: {
    type: "PlanResult",
    worker_id: "w",
    plan_id: "p",
    result: { status: "Failed", error: "no", duration_ms: 3, details: { nodeId: "n" } },
  },
  Finished: {
    type: "PlanEvent",
    plan_id: "p",
    number: [1, 7],
    at: 1_700_000_000_000,
    event: { kind: "Finished", outcome: OUTCOME },
  },
  Accepted: {
    type: "Accepted",
    request_id: 1,
    plan_id: "p",
    history_id: "h",
    coordinator_id: "c",
    existing: false,
  },
  ResultAck: { type: "ResultAck", id: "p", attempt: 1, taken: true },
  Hello: {
    type: "Hello",
    protocol_version: 1,
    implementation: "i",
    version: "1",
    features: [...FEATURES],
  },
  Heartbeat: {
    type: "Heartbeat",
    worker_id: "w",
    load: {
      cpu_usage: 1.5,
      memory_usage: 9,
      gpu_usage: [],
      active_plans: 0,
      queue_depth: 0,
      timestamp: "t",
    },
    handled: 3,
    held: [{ plan_id: "p", attempt: 1, state: "running" }],
  },
  StreamCredit: { type: "StreamCredit", stream_id: "s", dir: "in", bytes: 100, chunks: 2 },
};

/** The same with one place removed, replaced, or with a key too many. */
function* changed(raw: unknown): Generator<unknown> {
  yield* [
    null,
    "",
    "x".repeat(600),
    "\ud800",
    -1,
    1.5,
    NaN,
    Infinity,
    2n ** 64n - 1n,
    7n,
    true,
    [],
    {},
  ];
  if (Array.isArray(raw)) {
    yield [...raw, ...raw];
    for (const [i, item] of raw.entries()) {
      for (const other of changed(item)) yield raw.with(i, other);
    }
  } else if (typeof raw === "object" && raw !== null) {
    yield { ...raw, zzz: 1 };
    yield { ...raw, zzz: NaN };
    yield Object.defineProperty({ ...raw }, "__proto__", { value: 1, enumerable: true });
    for (const [key, member] of Object.entries(raw)) {
      const { [key]: _, ...others } = raw as Record<string, unknown>;
      yield others;
      for (const other of changed(member)) yield { ...others, [key]: other };
    }
  }
}

/** The schema's parse decides; `exactly` may only be more careful. */
function expectNoMore(schema: z.core.$ZodType, raw: unknown): void {
  if (!exactly(schema)(raw)) return;
  const before = structuredClone(raw);
  const { value, issues } = parse(schema, raw);
  expect(issues).toEqual([]);
  expect(value).toStrictEqual(before);
}

describe("a message that is exactly what its schema says", () => {
  test.each(Object.entries(USUAL))("is told at once where it is usual: %s", (_, raw) => {
    expect(exactly(Message)(raw)).toBe(true);
  });

  test.each(Object.entries(USUAL))(
    "%s is what a parse gives, whatever is changed in it",
    (_, raw) => {
      for (const other of changed(raw)) {
        if (holdsFolded(other)) continue; // its parse unfolds it
        expectNoMore(Message, other);
      }
    },
  );

  test("with a folded plan comes out of the codec as by its parse", () => {
    for (const raw of [USUAL.Submit, USUAL.AssignPlan]) {
      for (const other of changed(raw)) {
        if (!exactly(Message)(other)) continue;
        const text = encodeText(other);
        const [decoded] = decodeFrame(text);
        expect(decoded).toMatchObject({ ok: true });
        const message = decoded?.ok ? decoded.message : undefined;
        expect(message).toEqual(parse(Message, readText(text)).value);
      }
    }
  });

  test("is not what only almost fits: these are left to the parse", () => {
    const isExact = exactly(Message);
    expect(isExact({ ...USUAL.ResultAck, of: "a later version" })).toBe(false);
    expect(isExact(["ResultAck", "p", 1, true])).toBe(false);
    expect(isExact({ ...USUAL.Submit, plan: { ...FOLDED, shape: `${SHAPE} ` } })).toBe(false);
  });
});

describe("values and events", () => {
  test("are exact when nothing in them is read otherwise", () => {
    const record = { type: "Record", data: [["a", { type: "Empty" }]] };
    expect(exactly(Value)(record)).toBe(true);
    expect(exactly(Value)({ type: "Bytes", data: new Uint8Array(3) })).toBe(true);
    expect(exactly(Value)({ type: "Bytes", data: [1, 2] })).toBe(false);
    expect(exactly(Value)({ type: "Tensor", data: { values: [null], shape: [1] } })).toBe(false);
  });

  test("are what a parse gives, whatever is changed in them", () => {
    const nested = {
      type: "Record",
      data: [
        ["a", VALUE],
        ["b", { type: "Text", data: "t" }],
      ],
    };
    for (const raw of changed(nested)) expectNoMore(Value, raw);
    for (const event of USUAL.PlanResult.events) {
      for (const raw of changed(event)) expectNoMore(WorkerEvent, raw);
    }
  });
});

test("a key __proto__ of a record is left to the parse", () => {
  const states = JSON.parse('{"a":{"type":"Empty"},"__proto__":{"type":"Empty"}}') as object;
  const raw = { ...USUAL.PlanResult, result: { ...RESULT, states } };
  expectNoMore(Message, raw);
  expect(exactly(Message)({ ...raw, result: { ...RESULT, states: { a: VALUE } } })).toBe(true);
});

test("bounds of integers are kept", () => {
  const isExact = exactly(UInt64);
  expect([0, 7n, 2n ** 64n - 1n].map(isExact)).toEqual([true, true, true]);
  expect([-1, 1.5, -1n, 2n ** 64n, 2 ** 53].map(isExact)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
});

describe("a schema of a kind that this doesn't know", () => {
  test("is never exact, so that its parse decides", () => {
    expect(exactly(z.date())(new Date())).toBe(false);
    expect(exactly(z.looseObject({ a: z.string() }))({ a: "x" })).toBe(true);
    expect(exactly(z.looseObject({ a: z.string() }))({ a: "x", b: 1 })).toBe(false);
  });
});

function holdsFolded(raw: unknown): boolean {
  const plan = (raw as { plan?: unknown } | null)?.plan;
  return typeof plan === "object" && plan !== null && "shape" in plan;
}
