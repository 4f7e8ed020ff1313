import { decodeBinary, encodeBinary, JsonValue } from "@planwire/protocol";

// The inherited wire as its peers read and write it: by hand, without our schemas, as strictly as they do.

export type OldForm = "text" | "maps" | "arrays";
export type OldMessage = { readonly type: string; readonly [field: string]: JsonValue };
type Fields = { [field: string]: JsonValue };

/** What each message that such a peer may be sent consists of. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  Registered: ["type", "worker_id"],
  AssignPlan: ["type", "plan"],
  CancelPlan: ["type", "plan_id"],
  StatusRequest: ["type"],
  Ping: ["type"],
  Shutdown: ["type", "reason"],
  StreamBegin: ["type", "stream_id", "plan_id", "total_chunks", "plan"],
  ChunkData: ["type", "stream_id", "chunk_index", "value"],
  StreamEnd: ["type", "stream_id"],
};
const BINARY: ReadonlySet<string> = new Set(["StreamBegin", "ChunkData", "StreamEnd"]);
const PLAN_FIELDS = new Set(["plan_id", "plan", "input", "filters", "mode", "metadata"]);
const FILTER_FIELDS = ["node_id", "pickled_filter", "state", "requirements", "trainable"];
const VALUES: ReadonlySet<JsonValue | undefined> = new Set(["Tensor", "Json", "Bytes", "Empty"]);

/** Throws what such a peer would say of a frame that it does not know. */
export function readOldFrame(frame: string | Uint8Array): OldMessage {
  const isText = typeof frame === "string";
  const message = isText ? (JSON.parse(frame) as JsonValue) : decodeBinary(frame, JsonValue);
  const fields = fieldsOf(message);
  const type = textOf(fields["type"]);
  const known = KNOWN[type];
  if (known === undefined || isText === BINARY.has(type)) throw new Error(`unknown type ${type}`);
  mustBeAmong(type, Object.keys(fields), new Set(known));
  if (fields["plan"] !== undefined) readPlan(fieldsOf(fields["plan"]));
  if (fields["value"] !== undefined) readValue(fields["value"]);
  return { ...fields, type };
}

function readPlan(plan: Fields): void {
  mustBeAmong("a plan", Object.keys(plan), PLAN_FIELDS);
  if (!("metadata" in plan)) throw new Error("missing field metadata");
  const { input, filters, mode } = plan;
  if (input !== undefined && input !== null) readValue(fieldsOf(input)["value"]);
  for (const entry of listOf(filters)) {
    const filter = fieldsOf(entry);
    const missing = FILTER_FIELDS.find((field) => (filter[field] ?? null) === null);
    // An entry without a state would keep what an earlier fit left there.
    if (missing !== undefined) throw new Error(`missing field ${missing}`);
    readValue(filter["state"]);
  }
  if (mode !== "Forward" && fieldsOf(mode)["Fit"] === undefined) throw new Error("unknown mode");
}

function readValue(value: JsonValue | undefined): void {
  const { type } = fieldsOf(value);
  if (!VALUES.has(type)) throw new Error(`unknown value type ${JSON.stringify(type)}`);
}

function mustBeAmong(what: string, fields: readonly string[], known: ReadonlySet<string>): void {
  const unknown = fields.find((field) => !known.has(field));
  if (unknown !== undefined) throw new Error(`unknown field ${unknown} in ${what}`);
}

export function fieldsOf(json: JsonValue | undefined): Fields {
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json;
  throw new Error(`expected an object, found ${JSON.stringify(json)}`);
}

export function textOf(json: JsonValue | undefined): string {
  if (typeof json === "string") return json;
  throw new Error(`expected a string, found ${JSON.stringify(json)}`);
}

export function listOf(json: JsonValue | undefined): readonly JsonValue[] {
  if (Array.isArray(json)) return json;
  throw new Error(`expected a list, found ${JSON.stringify(json)}`);
}

export function writeOldFrame(message: OldMessage, form: OldForm): string | Uint8Array {
  if (form === "text") return JSON.stringify(message);
  return encodeBinary(form === "maps" ? message : positional(message));
}

/** Each struct as a list of its fields, its tag first, at every depth; maps by id stay maps. */
function positional(json: JsonValue): JsonValue {
  if (Array.isArray(json)) return json.map(positional);
  if (typeof json !== "object" || json === null) return json;
  if (json["type"] === "Json") return ["Json", json["data"] ?? null];
  return Object.entries(json).map(([field, member]) =>
    field === "states" ? statesOf(member) : positional(member),
  );
}

function statesOf(states: JsonValue): JsonValue {
  const entries = Object.entries(fieldsOf(states));
  return Object.fromEntries(entries.map(([nodeId, state]) => [nodeId, positional(state)]));
}
