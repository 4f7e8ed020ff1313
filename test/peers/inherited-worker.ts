import { encode, decode } from "@msgpack/msgpack";
import { once } from "node:events";
import { WebSocket } from "ws";

/**
 * A worker of the inherited wire that knows nothing of ours: written from its description and the notes on the
 * recorded frames alone, without any of our codecs. It dials in, sends a plain Register, reads what it is sent as
 * strictly as serde does, and answers streams in positional arrays. What it could not read lands in `notUnderstood`.
 */
export interface InheritedWorker {
  readonly received: readonly Received[];
  /** Frames that a peer of this wire would not have understood, and why. Empty when all is well. */
  readonly notUnderstood: readonly string[];
  /** The next frame of that type, those that came already included, in order. */
  next(type: string): Promise<Received>;
  send(message: unknown): void;
  /** Stops answering assignments by itself; the test answers with `send`. */
  readonly answers: { plans: boolean };
  readonly closed: Promise<{ code: number; reason: string }>;
  close(): void;
}
export type Received = { type: string; [key: string]: unknown };

export interface InheritedOptions {
  readonly id?: string;
  readonly token?: string;
  /** How stream replies are written: older ones write positional arrays, newer ones named maps. */
  readonly form?: "arrays" | "maps";
  /** What a node does: the plain numbers of a tensor, or Json data, in and out. */
  readonly nodes?: Readonly<Record<string, (data: never, state: unknown) => unknown>>;
}

const PLAN_VARIANTS = new Set("Sequence Parallel Execute Cached Loop Branch Remote".split(" "));
const VALUE_TYPES = new Set(["Tensor", "Json", "Bytes", "Empty"]);
const KNOWN_TEXT = new Set(
  "Registered AssignPlan AssignPythonJob CancelPlan StatusRequest Ping Shutdown".split(" "),
);

type Wire = Record<string, unknown>;

/** Throws what serde would refuse in a value. */
function readValue(value: unknown, binary: boolean): void {
  const { type, data } = value as Wire;
  if (typeof type !== "string" || !VALUE_TYPES.has(type)) {
    throw new Error(`unknown value type ${String(type)}`);
  }
  if (type === "Bytes" && !Array.isArray(data)) throw new Error("bytes that are no array");
  if (type === "Tensor") {
    const { values, shape } = data as { values: unknown[]; shape: unknown[] };
    if (!Array.isArray(values) || !Array.isArray(shape)) throw new Error("a tensor without arrays");
    const bad = values.find((x) => typeof x !== "number");
    if (bad !== undefined) throw new Error(`a tensor that holds a ${typeof bad}`);
  }
  if (binary && data instanceof Uint8Array) throw new Error("msgpack bin");
}

function readPlan(plan: unknown): void {
  if (plan === "Empty") return;
  const [[variant, content] = []] = Object.entries(plan as Wire);
  if (variant === undefined || !PLAN_VARIANTS.has(variant)) {
    throw new Error(`unknown variant ${String(variant)}`);
  }
  if (variant === "Sequence" || variant === "Parallel") (content as unknown[]).forEach(readPlan);
}

function readSerializedPlan(plan: Wire, binary: boolean): void {
  if (typeof plan["plan_id"] !== "string") throw new Error("no plan_id");
  if (!("metadata" in plan)) throw new Error("missing field metadata");
  readPlan(plan["plan"]);
  const input = plan["input"] as { source: string; value?: unknown } | null | undefined;
  if (input?.source === "Inline") readValue(input.value, binary);
  for (const filter of (plan["filters"] ?? []) as Wire[]) {
    if (typeof filter["pickled_filter"] !== "string")
      throw new Error("missing field pickled_filter");
    if (filter["state"] !== undefined && filter["state"] !== null)
      readValue(filter["state"], binary);
  }
  const mode = plan["mode"];
  if (mode !== undefined && mode !== "Forward" && !(mode as Wire)["Fit"]) {
    throw new Error(`unknown mode ${JSON.stringify(mode)}`);
  }
}

/** The nodes of a flat plan in order, as that runtime runs them. */
function flatNodes(plan: unknown): string[] {
  if (plan === "Empty") return [];
  const [[, content] = []] = Object.entries(plan as Wire);
  if (Array.isArray(content)) return content.flatMap(flatNodes);
  return [(content as { node_id: string }).node_id];
}

export async function dialIn(
  url: string,
  { id = "old", token, form = "arrays", nodes = {} }: InheritedOptions = {},
): Promise<InheritedWorker> {
  const socket = new WebSocket(token === undefined ? url : `${url}/?token=${token}`);
  const received: Received[] = [];
  const notUnderstood: string[] = [];
  const waiting: { type: string; resolve: (message: Received) => void }[] = [];
  const taken = new Set<Received>();
  const answers = { plans: true };
  const streams = new Map<string, Wire>();

  const sendText = (message: unknown) => socket.send(JSON.stringify(message));
  const sendStream = (message: Wire) => {
    socket.send(encode(form === "maps" ? message : positional(message)));
  };
  const run = (plan: Wire, input: unknown): { output: unknown; states: Wire } => {
    let value = input as { type: string; data?: unknown };
    const states: Wire = {};
    for (const node of flatNodes(plan["plan"])) {
      const call = nodes[node];
      if (!call) throw new Error(`filter not found: ${node}`);
      const filters = (plan["filters"] ?? []) as Wire[];
      const filter = filters.find((one) => one["node_id"] === node);
      if (plan["mode"] !== "Forward" && filter?.["trainable"]) {
        states[node] = { type: "Json", data: { fitted: node } };
      }
      const state = states[node] ?? filter?.["state"];
      const data =
        value.type === "Tensor" ? (value.data as { values: number[] }).values : value.data;
      value = { type: "Json", data: call(data as never, state) };
    }
    return { output: value, states };
  };
  const resultOf = (plan: Wire, input: unknown) => {
    try {
      return { status: "Success", ...pick(run(plan, input)) };
    } catch (error) {
      return { status: "Failed", error: String((error as Error).message), duration_ms: 1 };
    }
  };
  const pick = ({ output, states }: { output: unknown; states: Wire }) => ({
    output,
    duration_ms: 1,
    states,
  });

  const onText = (text: string) => {
    const message = JSON.parse(text) as Received;
    if (Array.isArray(message)) throw new Error("a batch");
    if (!KNOWN_TEXT.has(message.type)) throw new Error(`unknown type ${message.type}`);
    keep(message);
    if (message.type === "AssignPlan") {
      const plan = message["plan"] as Wire;
      readSerializedPlan(plan, false);
      if (!answers.plans) return;
      const input = (plan["input"] as { value?: unknown } | null)?.value ?? { type: "Empty" };
      sendText({
        type: "PlanResult",
        worker_id: id,
        plan_id: plan["plan_id"],
        result: resultOf(plan, input),
      });
    }
    if (message.type === "Ping") sendText({ type: "Pong" });
    if (message.type === "StatusRequest") sendText(register(id));
    if (message.type === "Shutdown") sendText({ type: "ShutdownAck" });
    if (message.type === "CancelPlan") sendText({ status: "cancel_not_implemented" });
  };
  const onBinary = (bytes: Uint8Array) => {
    const message = decode(bytes) as Received;
    keep(message);
    const stream = String(message["stream_id"]);
    switch (message.type) {
      case "StreamBegin":
        readSerializedPlan(message["plan"] as Wire, true);
        streams.set(stream, message["plan"] as Wire);
        return;
      case "ChunkData": {
        readValue(message["value"], true);
        const plan = streams.get(stream);
        if (!plan) return;
        const { output } = run(plan, message["value"]);
        const { chunk_index } = message;
        sendStream({ type: "ChunkResult", stream_id: stream, chunk_index, value: output });
        return;
      }
      case "StreamEnd": {
        const result = pick({ output: { type: "Empty" }, states: {} });
        if (!streams.delete(stream)) return;
        sendStream({
          type: "StreamComplete",
          stream_id: stream,
          result: { status: "Success", ...result },
        });
        return;
      }
      default:
        throw new Error(`unknown binary type ${message.type}`);
    }
  };
  const keep = (message: Received) => {
    received.push(message);
    const index = waiting.findIndex(({ type }) => type === message.type);
    if (index === -1) return;
    taken.add(message);
    waiting.splice(index, 1)[0]?.resolve(message);
  };

  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once("close", (code, reason) => resolve({ code, reason: reason.toString("utf8") }));
  });
  await once(socket, "open");
  socket.on("message", (data, isBinary) => {
    try {
      if (isBinary) onBinary(data as Buffer);
      else onText((data as Buffer).toString("utf8"));
    } catch (error) {
      notUnderstood.push((error as Error).message);
      if (!isBinary) sendText({ error: `invalid message: ${(error as Error).message}` });
    }
  });
  sendText(register(id));
  return {
    received,
    notUnderstood,
    answers,
    closed,
    send: sendText,
    close: () => socket.close(),
    next(type) {
      const there = received.find((message) => message.type === type && !taken.has(message));
      if (!there) return new Promise((resolve) => waiting.push({ type, resolve }));
      taken.add(there);
      return Promise.resolve(there);
    },
  };
}

function register(id: string) {
  return {
    type: "Register",
    worker_id: id,
    capabilities: {
      cpu_cores: 4,
      ram_bytes: 8589934592,
      gpus: [],
      python_envs: ["py311"],
      tags: [],
    },
  };
}

/** serde's positional form: the fields of each struct in order, the tag first, at every depth. */
function positional(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(positional);
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Wire;
  if (fields["type"] === "Json") return ["Json", fields["data"]];
  const states = fields["states"];
  return Object.entries(fields).map(([key, field]) =>
    key === "states"
      ? Object.fromEntries(Object.entries(states as Wire).map(([k, v]) => [k, positional(v)]))
      : positional(field),
  );
}
