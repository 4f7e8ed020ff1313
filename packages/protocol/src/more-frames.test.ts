// Frames of the inherited wire's kinds that the recorded ones lack: later variants, other spellings of the same, extremes.
import { encode } from "@msgpack/msgpack";
import { describe, expect, test } from "vitest";
import { decodeBinary, encodeBinary } from "./codec/binary.js";
import { decodeFrame } from "./codec/frame.js";
import { readText } from "./codec/json-reader.js";
import { decodeText, encodeText } from "./codec/text.js";
import { DataRef } from "./data-ref.js";
import { isPlanwireError } from "./errors.js";
import { Message } from "./messages/message.js";
import { ExecutionPlan } from "./plan.js";
import { Value } from "./value.js";

const U64 = 18446744073709551615n;
const key32 = Array.from({ length: 32 }, (_, i) => i * 8);
const packed = (raw: unknown) => encode(raw, { useBigInt64: true });
const event = (fields: object) => ({ type: "Event", worker_id: "w", plan_id: "p", event: fields });
const result = (fields: object) => ({
  type: "PlanResult",
  worker_id: "w",
  plan_id: "p",
  result: fields,
});
const assign = (fields: object) => ({
  type: "AssignPlan",
  plan: { plan_id: "p", plan: "Empty", ...fields },
});
const heartbeat = (load: object) => ({
  type: "Heartbeat",
  worker_id: "w",
  load: {
    cpu_usage: 0,
    memory_usage: 1,
    gpu_usage: [],
    active_plans: 0,
    queue_depth: 0,
    timestamp: "2026-01-02T03:04:05Z",
    ...load,
  },
});

describe("a message decodes to itself from text and from a named map", () => {
  test.each<[string, object]>([
    ["a run that failed", event({ event_type: "RunFailed", run_id: "r", error: "boom" })],
    [
      "a cache hit on disk",
      event({
        event_type: "NodeCacheHit",
        run_id: "r",
        node_id: "n",
        key: key32,
        tier: "Disk",
        load_time: 0,
      }),
    ],
    [
      "a cache hit in a tier with fields",
      event({
        event_type: "NodeCacheHit",
        run_id: "r",
        node_id: "n",
        tier: { Remote: { host: "h" } },
        load_time: U64,
      }),
    ],
    ["a cache hit without tier", event({ event_type: "NodeCacheHit", run_id: "r", node_id: "n" })],
    [
      "a completed node without summary",
      event({
        event_type: "NodeCompleted",
        run_id: "r",
        node_id: "n",
        duration: U64,
        output_summary: null,
      }),
    ],
    [
      "progress as an integer",
      event({ event_type: "NodeProgress", run_id: "r", node_id: "n", progress: 1 }),
    ],
    [
      "progress as a 32-bit float",
      event({ event_type: "NodeProgress", run_id: "r", node_id: "n", progress: 0.449999988079071 }),
    ],
    [
      "an event of a later version",
      event({ event_type: "GenerationCompleted", best: [1, 2.5, U64], nested: { a: null } }),
    ],
    [
      "states in a result",
      result({
        status: "Success",
        output: { type: "Empty" },
        duration_ms: U64,
        states: { a: { type: "Json", data: [1] }, b: { type: "Text", data: "s" } },
      }),
    ],
    [
      "a result whose states are null",
      result({
        status: "Success",
        output: { type: "Text", data: "" },
        duration_ms: 0,
        states: null,
      }),
    ],
    [
      "a result without states",
      result({ status: "Success", output: { type: "Text", data: "é🚀" }, duration_ms: 0 }),
    ],
    ["a fit without labels", assign({ mode: { Fit: { y: null } }, metadata: null })],
    ["a fit whose labels are missing", assign({ mode: { Fit: {} }, metadata: {} })],
    ["all that may be null", assign({ input: null, filters: null, mode: null, metadata: null })],
    ["all that may be missing", assign({ metadata: [1, "any", { json: null }] })],
    [
      "a filter whose parts are null",
      assign({
        filters: [
          {
            node_id: "n",
            pickled_filter: "gASV",
            state: null,
            requirements: null,
            trainable: null,
          },
        ],
      }),
    ],
    [
      "a filter with a state",
      assign({
        filters: [
          {
            node_id: "n",
            pickled_filter: "",
            state: { type: "Json", data: { mean: 1 } },
            requirements: ["numpy"],
            trainable: true,
          },
        ],
      }),
    ],
    [
      "a job without its optional parts",
      {
        type: "AssignPythonJob",
        job: {
          job_id: "j",
          pipeline_id: "p",
          investigation_id: "i",
          files: [],
          entry_point: "main.py",
        },
      },
    ],
    [
      "a job whose optional parts are null",
      {
        type: "AssignPythonJob",
        job: {
          job_id: "j",
          pipeline_id: "p",
          investigation_id: "i",
          files: [],
          requirements: null,
          entry_point: "main.py",
          input_data: null,
          params: null,
        },
      },
    ],
    [
      "a job result without output",
      {
        type: "JobResult",
        worker_id: "w",
        job_id: "j",
        success: false,
        metrics: null,
        output: null,
        duration_ms: 0,
      },
    ],
    [
      "job steps at the limit",
      {
        type: "JobProgress",
        worker_id: "w",
        job_id: "j",
        phase: "",
        step: U64,
        total: U64,
        metrics: { m: [U64, -(2n ** 63n), 0.5] },
      },
    ],
    ["a load of integers", heartbeat({ cpu_usage: 1, memory_usage: 0, gpu_usage: [0, 1] })],
    ["a timestamp of 3 decimals", heartbeat({ timestamp: "2026-01-02T03:04:05.120Z" })],
    ["a timestamp of 6 decimals", heartbeat({ timestamp: "2026-01-02T03:04:05.120000Z" })],
    [
      "a timestamp of 9 decimals and an offset",
      heartbeat({ timestamp: "2026-01-02T03:04:05.123456789+02:00" }),
    ],
    [
      "memory at the limit",
      {
        type: "Register",
        worker_id: "w",
        capabilities: {
          cpu_cores: 0,
          ram_bytes: U64,
          gpus: [{ name: "g", memory_bytes: 2n ** 53n }],
          python_envs: [],
          tags: [],
        },
      },
    ],
    [
      "a chunk at the limit",
      {
        type: "ChunkData",
        stream_id: "s",
        chunk_index: U64,
        value: { type: "Json", data: { a: [U64, -(2n ** 63n)] } },
      },
    ],
    [
      "a stream of unknown length",
      {
        type: "StreamBegin",
        stream_id: "s",
        plan_id: "p",
        plan: { plan_id: "p", plan: "Empty", metadata: {} },
      },
    ],
    [
      "a stream of the longest length",
      {
        type: "StreamBegin",
        stream_id: "s",
        plan_id: "p",
        total_chunks: U64,
        plan: { plan_id: "p", plan: "Empty", metadata: {} },
      },
    ],
    [
      "a stream that failed",
      {
        type: "StreamComplete",
        stream_id: "s",
        result: { status: "Failed", error: "e", duration_ms: 1 },
      },
    ],
    ["a pong", { type: "Pong" }],
    ["a shutdown's answer", { type: "ShutdownAck" }],
  ])("%s", (_, message) => {
    expect(decodeText(encodeText(message))).toStrictEqual(message);
    expect(decodeBinary(packed(message))).toStrictEqual(message);
    expect(decodeBinary(encodeBinary(message))).toStrictEqual(message);
  });
});

test("the tag may stand anywhere and unknown keys are ignored, at every depth", () => {
  const text =
    '{"x":1,"plan":{"y":[],"plan":{"Loop":{"z":0,"max_iterations":null,"body":{"Execute":{"w":1,"node_id":"n"}},"node_id":"l"}},' +
    '"input":{"value":{"data":{"shape":[1],"v":0,"values":[1]},"u":0,"type":"Tensor"},"source":"Inline"},"plan_id":"p"},"type":"AssignPlan"}';
  const expected = {
    type: "AssignPlan",
    plan: {
      plan_id: "p",
      plan: { Loop: { node_id: "l", body: { Execute: { node_id: "n" } }, max_iterations: null } },
      input: { source: "Inline", value: { type: "Tensor", data: { values: [1], shape: [1] } } },
    },
  };
  expect(decodeText(text)).toEqual(expected);
  expect(decodeBinary(packed(JSON.parse(text)))).toEqual(expected);
});

describe("positional arrays", () => {
  test.each<[unknown, Value]>([
    [["Text", "t"], { type: "Text", data: "t" }],
    [["Object", [1, 255]], { type: "Object", data: Uint8Array.of(1, 255) }],
    [["Bytes", Uint8Array.of(1)], { type: "Bytes", data: Uint8Array.of(1) }],
    [["Empty"], { type: "Empty" }],
    [["Json", ["Tensor", [[1], [1]]]], { type: "Json", data: ["Tensor", [[1], [1]]] }],
    [
      ["Tensor", [[1, 2.5, NaN], [3]]],
      { type: "Tensor", data: { values: [1, 2.5, NaN], shape: [3] } },
    ],
    [
      { type: "Tensor", data: [[], [0]] },
      { type: "Tensor", data: { values: [], shape: [0] } },
    ],
    [["Tensor", { shape: [], values: [7] }], { type: "Tensor", data: { values: [7], shape: [] } }],
    [["Record", [["a", ["Empty"]]]], { type: "Record", data: [["a", { type: "Empty" }]] }],
  ])("as value: %j", (raw, value) => {
    expect(decodeBinary(packed(raw), Value)).toStrictEqual(value);
  });

  test.each<[unknown, ExecutionPlan]>([
    [{ Composite: [["a", "b"]] }, { Composite: { node_ids: ["a", "b"] } }],
    [{ Stream: [["a"], 16] }, { Stream: { node_ids: ["a"], chunk_size: 16 } }],
    [{ Cached: ["n", key32] }, { Cached: { node_id: "n", key: key32 } }],
    [
      { Loop: ["n", { Sequence: [{ Execute: ["a"] }, "Empty"] }, null] },
      {
        Loop: {
          node_id: "n",
          body: { Sequence: [{ Execute: { node_id: "a" } }, "Empty"] },
          max_iterations: null,
        },
      },
    ],
    [
      { Branch: ["n", [["x", { Parallel: [{ Remote: ["r", { WorkerId: "w" }, "Empty"] }] }]]] },
      {
        Branch: {
          node_id: "n",
          arms: [
            [
              "x",
              {
                Parallel: [{ Remote: { node_id: "r", target: { WorkerId: "w" }, plan: "Empty" } }],
              },
            ],
          ],
        },
      },
    ],
  ])("as plan: %j", (raw, plan) => {
    expect(decodeBinary(packed(raw), ExecutionPlan)).toStrictEqual(plan);
  });

  test.each<[unknown, DataRef]>([
    [["S3", "b", "k", null], { type: "S3", bucket: "b", key: "k", region: null }],
    [["S3", "b", "k"], { type: "S3", bucket: "b", key: "k" }],
    [["Zarr", "b", "a", "r"], { type: "Zarr", bucket: "b", array_path: "a", region: "r" }],
    [["Stream", "e", "arrow"], { type: "Stream", endpoint: "e", format: "arrow" }],
    [["Inline", ["Text", "t"]], { type: "Inline", value: { type: "Text", data: "t" } }],
  ])("as data reference: %j", (raw, ref) => {
    expect(decodeBinary(packed(raw), DataRef)).toStrictEqual(ref);
  });

  test("as message, with every struct inside positional too", () => {
    const input = ["Reference", ["Local", "f"]];
    const filters = [["n", "gASV", ["Json", { a: 1 }], ["numpy"], true]];
    const raw = [
      "StreamBegin",
      "s",
      "p",
      U64,
      ["p", { Execute: ["n"] }, input, filters, { Fit: [["Tensor", [[1], [1]]]] }, { k: 1 }],
    ];
    expect(decodeBinary(packed(raw))).toStrictEqual({
      type: "StreamBegin",
      stream_id: "s",
      plan_id: "p",
      total_chunks: U64,
      plan: {
        plan_id: "p",
        plan: { Execute: { node_id: "n" } },
        input: { source: "Reference", data_ref: { type: "Local", path: "f" } },
        filters: [
          {
            node_id: "n",
            pickled_filter: "gASV",
            state: { type: "Json", data: { a: 1 } },
            requirements: ["numpy"],
            trainable: true,
          },
        ],
        mode: { Fit: { y: { type: "Tensor", data: { values: [1], shape: [1] } } } },
        metadata: { k: 1 },
      },
    });
    const done = ["StreamComplete", "s", ["Success", ["Text", "t"], 5, { n: ["Object", []] }]];
    expect(decodeBinary(packed(done))).toStrictEqual({
      type: "StreamComplete",
      stream_id: "s",
      result: {
        status: "Success",
        output: { type: "Text", data: "t" },
        duration_ms: 5,
        states: { n: { type: "Object", data: new Uint8Array() } },
      },
    });
    expect(decodeBinary(packed(["StreamComplete", "s", ["Failed", "boom", U64]]))).toMatchObject({
      result: { status: "Failed", error: "boom", duration_ms: U64 },
    });
  });
});

describe("what the inherited implementation refuses is refused", () => {
  test.each<[string, unknown]>([
    ["a filter without its pickle", assign({ filters: [{ node_id: "n" }] })],
    ["an unknown plan variant", assign({ plan: { Jump: {} } })],
    ["a plan of two variants", assign({ plan: { Sequence: [], Parallel: [] } })],
    [
      "bytes as base64",
      assign({ input: { source: "Inline", value: { type: "Bytes", data: "AAE=" } } }),
    ],
    [
      "a byte out of range",
      assign({ input: { source: "Inline", value: { type: "Bytes", data: [256] } } }),
    ],
    [
      "a cache key of 31 bytes",
      assign({ plan: { Cached: { node_id: "n", key: key32.slice(1) } } }),
    ],
    ["a negative duration", result({ status: "Failed", error: "e", duration_ms: -1 })],
    [
      "an integer beyond 64 bits for a u64",
      result({ status: "Failed", error: "e", duration_ms: 2 ** 70 }),
    ],
    ["a load that is null", heartbeat({ cpu_usage: null })],
    ["an unknown mode", assign({ mode: "Backward" })],
    ["a result of unknown status", result({ status: "Maybe", duration_ms: 1 })],
  ])("%s", (_, message) => {
    for (const data of [encodeText(message), packed(message)]) {
      const [decoded] = decodeFrame(data);
      expect(decoded).toMatchObject({
        ok: false,
        error: { code: "INVALID_MESSAGE", details: { path: expect.stringMatching(/./) } },
      });
    }
  });
});

test("__proto__ as a node id of states or edges is left out and harms nothing", () => {
  const text = encodeText(
    result({ status: "Success", output: { type: "Empty" }, duration_ms: 0 }),
  ).replace(
    '"duration_ms":0',
    '"duration_ms":0,"states":{"__proto__":{"type":"Json","data":{"polluted":1}},"constructor":{"type":"Empty"}}',
  );
  const message = decodeText(text);
  const states =
    message.type === "PlanResult" && message.result.status === "Success"
      ? message.result.states
      : undefined;
  expect(Object.keys(states ?? {})).toEqual(["constructor"]);
  expect("polluted" in (states ?? {})).toBe(false);
  expect("polluted" in {}).toBe(false);
});

test("__proto__ in an event, a job's params and metadata arrives as data or not at all", () => {
  const hostile = '{"__proto__":{"polluted":1},"a":{"__proto__":{"polluted":1}}}';
  const texts = [
    `{"type":"Event","worker_id":"w","plan_id":"p","event":{"event_type":"X","fields":${hostile},"__proto__":{"polluted":1}}}`,
    `{"type":"AssignPlan","plan":{"plan_id":"p","plan":"Empty","metadata":${hostile},"__proto__":{"polluted":1}},"__proto__":{"polluted":1}}`,
  ];
  for (const text of texts) {
    const again = readText(encodeText(decodeText(text)));
    expect(encodeText(again)).toContain(hostile);
    expect("polluted" in (again as object)).toBe(false);
  }
});

test("every message type has a schema that its name reaches", () => {
  for (const type of ["Register", "StreamCredit", "Hello", "Welcome", "Error"]) {
    try {
      decodeText(JSON.stringify({ type }));
      expect.fail(`${type} needs more than its type`);
    } catch (error) {
      expect(isPlanwireError(error, "INVALID_MESSAGE")).toBe(true);
    }
  }
  expect(Message.safeParse({ type: "toString" }).success).toBe(false);
});
