import { FEATURES, type Message, type MessageOf, type MessageType } from "@planwire/protocol";
import type { Chance } from "../chance.js";

/** What is named by messages. Few names, so that messages of all connections meet. */
export interface Names {
  /** The next number for a request, unused so far on this connection. */
  requestId(): number;
  readonly workerId: string;
  readonly planIds: readonly string[];
  readonly streamIds: readonly string[];
  /** Filters that a worker may have. */
  readonly filters: readonly string[];
}

type Sample<T extends MessageType> = (chance: Chance, names: Names) => MessageOf<T>;

const CAPABILITIES = {
  cpu_cores: 4,
  ram_bytes: 8_000_000_000,
  gpus: [{ name: "T4", memory_bytes: 16_000_000_000 }],
  python_envs: ["py311"],
  tags: ["fuzz"],
};
const TIMESTAMP = "2026-01-02T03:04:05.678Z";

export function sampleOf(type: MessageType, chance: Chance, names: Names): Message {
  return SAMPLES[type](chance, names);
}

const SAMPLES: { readonly [T in MessageType]: Sample<T> } = {
  // From a worker
  Register: (chance, { workerId, filters }) => ({
    type: "Register",
    worker_id: workerId,
    capabilities: CAPABILITIES,
    protocol_version: 1,
    incarnation: `${workerId}-1`,
    implementation: "fuzz",
    version: "0",
    status: chance.pick(["ready", "busy", "starting"]),
    filters: filters.map((name) => ({ name, kind: "Stateless", stream_mode: "FixedState" })),
    max_concurrent: 1 + chance.int(4),
    features: [...FEATURES],
  }),
  Heartbeat: (chance, names) => ({
    type: "Heartbeat",
    worker_id: names.workerId,
    load: {
      cpu_usage: chance.next(),
      memory_usage: chance.next(),
      gpu_usage: [0.5],
      active_plans: chance.int(4),
      queue_depth: chance.int(4),
      timestamp: TIMESTAMP,
    },
    // Who handles nothing is deaf, and closed before long.
    handled: chance.happens(0.95) ? 1_000_000 : chance.int(50),
    held: [{ plan_id: chance.pick(names.planIds), attempt: 1, state: "running" }],
  }),
  Event: (chance, { workerId, planIds }) => ({
    type: "Event",
    worker_id: workerId,
    plan_id: chance.pick(planIds),
    event: chance.pick([
      { event_type: "NodeStarted", run_id: "r", node_id: "a" },
      { event_type: "NodeProgress", run_id: "r", node_id: "a", progress: 0.5 },
      { event_type: "TrialPruned", trial: 3, reason: "bad" },
    ]),
    attempt: 1 + chance.int(2),
  }),
  PlanResult: (chance, { workerId, planIds }) => ({
    type: "PlanResult",
    worker_id: workerId,
    plan_id: chance.pick(planIds),
    result: resultOf(chance),
    attempt: 1 + chance.int(2),
  }),
  JobProgress: (_chance, { workerId }) => ({
    type: "JobProgress",
    worker_id: workerId,
    job_id: "job",
    phase: "train",
    step: 1,
    total: 2,
    metrics: { loss: 0.5 },
  }),
  JobResult: (_chance, { workerId }) => ({
    type: "JobResult",
    worker_id: workerId,
    job_id: "job",
    success: true,
    metrics: {},
    output: "done",
    duration_ms: 5,
  }),
  Started: (chance, names) => ({ type: "Started", ...attemptOf(chance, names) }),
  Busy: (chance, names) => ({ type: "Busy", ...attemptOf(chance, names) }),
  Recalled: (chance, names) => ({ type: "Recalled", ...attemptOf(chance, names) }),
  Pong: () => ({ type: "Pong" }),
  ShutdownAck: () => ({ type: "ShutdownAck" }),

  // To a worker
  Registered: (chance, { workerId }) => ({
    type: "Registered",
    worker_id: workerId,
    session_id: "s",
    history_id: chance.pick(["h1", "h2"]),
    coordinator_id: "c",
    limits: { frame_bytes: 1 << 20, chunk_bytes: 1 << 16 },
    heartbeat_interval_ms: 500,
    heartbeat_timeout_ms: 2000,
    features: [...FEATURES],
  }),
  AssignPlan: (chance, names) => ({
    type: "AssignPlan",
    plan: planOf(chance, names),
    attempt: 1 + chance.int(2),
  }),
  AssignPythonJob: () => ({
    type: "AssignPythonJob",
    job: {
      job_id: "job",
      pipeline_id: "p",
      investigation_id: "i",
      files: [{ path: "main.py", content: "print(1)" }],
      requirements: null,
      entry_point: "main.py",
      params: {},
    },
  }),
  CancelPlan: (chance, names) => ({ type: "CancelPlan", ...attemptOf(chance, names) }),
  StatusRequest: () => ({ type: "StatusRequest" }),
  Ping: () => ({ type: "Ping" }),
  Shutdown: () => ({ type: "Shutdown", reason: "fuzz" }),
  ResultAck: (chance, names) => ({
    type: "ResultAck",
    id: chance.pick(names.planIds),
    attempt: 1 + chance.int(2),
    taken: chance.happens(0.5),
  }),
  HeartbeatAck: (chance) => ({ type: "HeartbeatAck", handled: chance.int(50) }),
  Recall: (chance, names) => ({
    type: "Recall",
    id: chance.pick(names.planIds),
    attempt: 1 + chance.int(2),
  }),

  // Streams
  StreamBegin: (chance, names) => {
    const plan = planOf(chance, names);
    return {
      type: "StreamBegin",
      stream_id: chance.pick(names.streamIds),
      plan_id: plan.plan_id,
      total_chunks: chance.pick([null, 3]),
      plan: { ...plan, input: null },
      ...(chance.happens(0.7) && { attempt: 1 }),
      ...(chance.happens(0.7) && { credit: { bytes: 1 << 20, chunks: 16 } }),
    };
  },
  ChunkData: (chance, names) => ({
    type: "ChunkData",
    stream_id: chance.pick(names.streamIds),
    chunk_index: chance.int(4),
    value: valueOf(chance),
  }),
  StreamEnd: (chance, names) => ({ type: "StreamEnd", stream_id: chance.pick(names.streamIds) }),
  ChunkResult: (chance, names) => ({
    type: "ChunkResult",
    stream_id: chance.pick(names.streamIds),
    chunk_index: chance.int(4),
    value: valueOf(chance),
  }),
  StreamComplete: (chance, names) => ({
    type: "StreamComplete",
    stream_id: chance.pick(names.streamIds),
    result: resultOf(chance),
  }),
  StreamAccepted: (chance, names) => ({
    type: "StreamAccepted",
    stream_id: chance.pick(names.streamIds),
    plan_id: chance.pick(names.planIds),
    attempt: 1,
    credit: { bytes: 1 << 20, chunks: chance.pick([16, Number.MAX_SAFE_INTEGER]) },
  }),
  StreamCredit: (chance, names) => ({
    type: "StreamCredit",
    stream_id: chance.pick(names.streamIds),
    dir: chance.pick(["in", "out"]),
    bytes: chance.pick([0, 1 << 20, Number.MAX_SAFE_INTEGER]),
    chunks: chance.pick([0, 100, Number.MAX_SAFE_INTEGER]),
  }),
  StreamCancel: (chance, names) => ({
    type: "StreamCancel",
    stream_id: chance.pick(names.streamIds),
    reason: "fuzz",
  }),

  // From a client
  Hello: () => ({
    type: "Hello",
    protocol_version: 1,
    implementation: "fuzz",
    version: "0",
    features: [...FEATURES],
  }),
  Submit: (chance, names) => ({
    type: "Submit",
    request_id: names.requestId(),
    plan: planOf(chance, names),
    ...(chance.happens(0.5) && { watch: true, only_outcome: chance.happens(0.5) }),
    ...(chance.happens(0.3) && { accepted_may_wait: true }),
  }),
  Watch: (chance, names) => ({
    type: "Watch",
    ...requestOf(chance, names),
    ...(chance.happens(0.3) && { from: [chance.int(3), chance.int(1000)] as [number, number] }),
  }),
  Unwatch: (chance, { planIds }) => ({ type: "Unwatch", plan_id: chance.pick(planIds) }),
  Get: (chance, names) => ({ type: "Get", ...requestOf(chance, names) }),
  Cancel: (chance, names) => ({ type: "Cancel", ...requestOf(chance, names), reason: "fuzz" }),
  Explain: (chance, names) => ({ type: "Explain", ...requestOf(chance, names) }),
  ListWorkers: (_chance, names) => ({ type: "ListWorkers", request_id: names.requestId() }),
  Drain: (_chance, names) => ({
    type: "Drain",
    request_id: names.requestId(),
    worker_id: names.workerId,
    reason: "fuzz",
  }),
  ListPlans: (chance, names) => ({
    type: "ListPlans",
    request_id: names.requestId(),
    limit: chance.int(5),
    ...(chance.happens(0.3) && { state: chance.pick(["Queued", "Failed"] as const) }),
    ...(chance.happens(0.3) && { before: chance.pick(names.planIds) }),
  }),

  // To a client
  Welcome: () => ({
    type: "Welcome",
    history_id: "h",
    coordinator_id: "c",
    protocol_version: 1,
    version: "0",
    limits: { frame_bytes: 1 << 20, chunk_bytes: 1 << 16 },
    features: [],
  }),
  Accepted: (chance, names) => ({
    type: "Accepted",
    ...requestOf(chance, names),
    history_id: "h",
    coordinator_id: "c",
    existing: false,
  }),
  Watching: (chance, names) => ({
    type: "Watching",
    ...requestOf(chance, names),
    state: "Running",
  }),
  PlanEvent: (chance, { planIds }) => ({
    type: "PlanEvent",
    plan_id: chance.pick(planIds),
    number: [1, 2],
    at: 0,
    event: { kind: "Accepted" },
  }),
  Got: (chance, names) => ({
    type: "Got",
    request_id: names.requestId(),
    summary: {
      plan_id: chance.pick(names.planIds),
      kind: "plan",
      state: "Running",
      submitted_at: 0,
      attempts: 1,
    },
  }),
  CancelAnswer: (chance, names) => ({
    type: "CancelAnswer",
    ...requestOf(chance, names),
    taken: true,
    state: "Cancelling",
  }),
  Explained: (chance, names) => ({
    type: "Explained",
    ...requestOf(chance, names),
    state: "Queued",
    reasons: ["no worker"],
  }),
  Workers: (_chance, names) => ({ type: "Workers", request_id: names.requestId(), workers: [] }),
  Draining: (_chance, names) => ({
    type: "Draining",
    request_id: names.requestId(),
    worker_id: names.workerId,
    active_plans: 1,
    active_streams: 0,
  }),
  Plans: (_chance, names) => ({
    type: "Plans",
    request_id: names.requestId(),
    plans: [],
    total: 0,
  }),

  Error: (chance) => ({
    type: "Error",
    code: chance.pick(["INVALID_MESSAGE", "NO_SUCH_CODE"]),
    message: "fuzz",
    retryable: false,
  }),
};

export const MESSAGE_TYPES = Object.keys(SAMPLES) as MessageType[];

function attemptOf(chance: Chance, { planIds }: Names): { plan_id: string; attempt: number } {
  return { plan_id: chance.pick(planIds), attempt: 1 + chance.int(2) };
}

function requestOf(chance: Chance, names: Names): { request_id: number; plan_id: string } {
  return { request_id: names.requestId(), plan_id: chance.pick(names.planIds) };
}

type Plan = MessageOf<"Submit">["plan"];
type Tree = Plan["plan"];
type Value = MessageOf<"ChunkData">["value"];

function planOf(chance: Chance, { planIds, filters }: Names): Plan {
  const nodes: string[] = [];
  const tree = treeOf(chance, nodes, 3);
  const uses = chance.pick(filters);
  return {
    plan_id: chance.pick(planIds),
    plan: tree,
    input: { source: "Inline", value: valueOf(chance) },
    mode: chance.happens(0.9) ? "Forward" : { Fit: { y: valueOf(chance) } },
    metadata: { name: "fuzz" },
    ...(chance.happens(0.9) && { bindings: nodes.map((node_id) => ({ node_id, uses })) }),
    ...(chance.happens(0.1) && { edges: { n1: ["n0"] } }),
    ...(chance.happens(0.1) && {
      filters: [{ node_id: "n0", pickled_filter: "gASVAA==", trainable: true }],
    }),
  };
}

/** Node ids are nearly always unique, as they should be; `nodes` gathers those that run a filter. */
function treeOf(chance: Chance, nodes: string[], depth: number): Tree {
  const fresh = () => {
    const id = `n${chance.happens(0.02) ? 0 : nodes.length}`;
    nodes.push(id);
    return id;
  };
  const leaf = (): Tree => ({ Execute: { node_id: fresh() } });
  const deeper = () => (depth > 0 ? treeOf(chance, nodes, depth - 1) : leaf());
  return chance.pick<() => Tree>([
    leaf,
    leaf,
    leaf,
    () => "Empty",
    () => ({ Sequence: [deeper(), deeper()] }),
    () => ({ Parallel: [deeper(), deeper()] }),
    () => ({ Loop: { node_id: fresh(), body: deeper(), max_iterations: chance.int(3) } }),
    () => ({ Branch: { node_id: fresh(), arms: [["few", deeper()]] } }),
    () => ({ Remote: { node_id: `r${nodes.length}`, target: { Tag: "fuzz" }, plan: deeper() } }),
    () => ({
      Cached: { node_id: fresh(), key: Array.from({ length: 32 }, () => chance.int(256)) },
    }),
    () => ({ Composite: { node_ids: [fresh(), fresh()] } }),
    () => ({ Stream: { node_ids: [fresh(), fresh()], chunk_size: chance.int(5) } }),
  ])();
}

function valueOf(chance: Chance): Value {
  return chance.pick<() => Value>([
    () => ({ type: "Json", data: chance.int(1000) }),
    () => ({ type: "Json", data: { a: [1, "x", null, { b: true }] } }),
    () => ({ type: "Text", data: "text\u0000é🙂" }),
    () => ({ type: "Bytes", data: chance.bytes(chance.int(64)) }),
    () => ({ type: "Object", data: chance.bytes(4) }),
    () => ({ type: "Tensor", data: { values: [1, -0, 2.5], shape: [3] } }),
    () => ({ type: "Tensor", data: { values: new Float32Array([1, 2]), shape: [2, 1] } }),
    () => ({ type: "Record", data: [["a", { type: "Empty" }]] }),
    () => ({ type: "Empty" }),
  ])();
}

function resultOf(chance: Chance): MessageOf<"PlanResult">["result"] {
  return chance.pick<() => MessageOf<"PlanResult">["result"]>([
    () => ({ status: "Success", output: valueOf(chance), duration_ms: 1, states: {} }),
    () => ({
      status: "Success",
      output: valueOf(chance),
      duration_ms: 1,
      states: { a: { type: "Empty" } },
    }),
    () => ({
      status: "Failed",
      error: "fuzz",
      duration_ms: 1,
      code: "FILTER_ERROR",
      retryable: chance.happens(0.3),
    }),
    () => ({ status: "Failed", error: "fuzz", duration_ms: 1 }),
    () => ({ status: "Cancelled", duration_ms: 1, stopped: chance.happens(0.5), how: "signal" }),
  ])();
}
