// What validation costs on the hot path: reading a frame with and without its schema, and writing it. Runs on dist:
//   npx tsc -b packages/protocol/tsconfig.build.json && node packages/protocol/bench/validation.bench.mjs
import {
  decodeFrame,
  encodeBinary,
  encodeFrame,
  encodeText,
  FEATURES,
  readChunkHead,
  shapePlan,
} from "../dist/index.js";
import { readBinary } from "../dist/codec/binary.js";
import { readText } from "../dist/codec/json-reader.js";

const ROUNDS = 15;
const ROUND_MS = 40;

/**
 * Microseconds per call of each, in their fastest round. Rounds alternate, so that a busy neighbour slows all alike; the fastest is
 * what the code costs.
 */
function measure(...runs) {
  const fastest = runs.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    runs.forEach((run, i) => {
      fastest[i] = Math.min(fastest[i], microsecondsPerCall(run));
    });
  }
  return fastest;
}

function microsecondsPerCall(run) {
  const start = performance.now();
  let calls = 0;
  do {
    for (let i = 0; i < 8; i++) run();
    calls += 8;
  } while (performance.now() - start < ROUND_MS);
  return ((performance.now() - start) * 1000) / calls;
}

const json = (data) => ({ type: "Json", data });
const rows = (n) =>
  json(
    Array.from({ length: n }, (_, i) => ({
      id: i,
      name: `row ${i}`,
      delay: i / 7,
      tags: ["a", "b"],
    })),
  );
const floats = (n) => Float64Array.from({ length: n }, (_, i) => i / 7);
const chunk = (value) => ({ type: "ChunkData", stream_id: "stream-1", chunk_index: 7, value });
const tensor = (values) => ({ type: "Tensor", data: { values, shape: [values.length] } });
const plan = (value) => ({
  plan_id: "plan-0001",
  plan: { Sequence: [{ Execute: { node_id: "clean" } }, { Execute: { node_id: "scale" } }] },
  input: { source: "Inline", value },
  filters: [],
  mode: "Forward",
  metadata: {},
  bindings: [
    { node_id: "clean", uses: "clean" },
    { node_id: "scale", uses: "scale" },
  ],
});
const { plan_id: _, input: __, ...fixed } = plan(json(0));
shapePlan(fixed);
const shaped = (value) => ({ ...plan(value), ...fixed });
const load = {
  cpu_usage: 0.45,
  memory_usage: 0.72,
  gpu_usage: [],
  active_plans: 2,
  queue_depth: 5,
  timestamp: "2026-01-02T03:04:05Z",
};
const result = (output) => ({
  type: "PlanResult",
  worker_id: "w1",
  plan_id: "plan-0001",
  attempt: 1,
  result: { status: "Success", output, duration_ms: 3, states: {} },
});

const OURS = new Set(FEATURES);
/** @type {[name: string, message: object, form?: "as our own peers" | import("../dist/index.js").EncodeBinaryOptions][]} */
const cases = [
  ["Heartbeat, text", { type: "Heartbeat", worker_id: "w1", load, handled: 12, held: [] }],
  [
    "Submit of 2 nodes, small input, text",
    { type: "Submit", request_id: 1, plan: plan(json([1, 2, 3])) },
  ],
  [
    "AssignPlan of 2 nodes, small input, text",
    { type: "AssignPlan", attempt: 1, plan: plan(json([1, 2, 3])) },
  ],
  [
    "Submit of 2 nodes by its shape, small input, text",
    { type: "Submit", request_id: 1, plan: shaped(json([1, 2, 3])) },
    "as our own peers",
  ],
  [
    "AssignPlan of 2 nodes by its shape, small input, text",
    { type: "AssignPlan", attempt: 1, plan: shaped(json([1, 2, 3])) },
    "as our own peers",
  ],
  ["PlanResult, small output, text", result(json({ mean: 1.5 }))],
  ["PlanResult, 1000 rows, text", result(rows(1000))],
  ["ChunkData, 1000 rows, msgpack", chunk(rows(1000)), {}],
  [
    "ChunkData, 64 KiB Bytes, typed msgpack",
    chunk({ type: "Bytes", data: new Uint8Array(65_536) }),
    { typed: true },
  ],
  ["ChunkData, 64 KiB float64 tensor, typed msgpack", chunk(tensor(floats(8192))), { typed: true }],
  [
    "ChunkData, 64 KiB float64 tensor, msgpack for inherited peers",
    chunk(tensor(floats(8192))),
    {},
  ],
  [
    "ChunkData, 1 MiB float64 tensor, typed msgpack",
    chunk(tensor(floats(131_072))),
    { typed: true },
  ],
];

const us = (n) => n.toFixed(n < 100 ? 2 : 0).padStart(9);
console.log(`node ${process.version}; microseconds per message, fastest of ${ROUNDS} rounds`);
console.log("     read  validate   share     write  (bytes)  message");
for (const [name, message, form] of cases) {
  const write =
    form === "as our own peers"
      ? () => encodeFrame(message, OURS)
      : form
        ? () => encodeBinary(message, form)
        : () => encodeText(message);
  const frame = write();
  const read = typeof frame === "string" ? () => readText(frame) : () => readBinary(frame);
  const [both, alone, writing] = measure(() => decodeFrame(frame), read, write);
  const validation = Math.max(0, both - alone);
  const share = `${Math.round((validation / both) * 100)} %`.padStart(6);
  console.log(
    `${us(alone)} ${us(validation)}  ${share} ${us(writing)}  (${frame.length})  ${name}`,
  );
}
const relayed = encodeBinary(chunk(tensor(floats(131_072))), { typed: true });
console.log(
  `${us(measure(() => readChunkHead(relayed))[0])}                              readChunkHead of the last`,
);
