/** What a peer may announce. Towards a peer that did not announce one, the thing is not sent. */
export const FEATURES = [
  /** A text frame may be a JSON array of messages. */
  "batch",
  /** Messages that hold Bytes, Object or Tensor travel as named-map msgpack frames, bytes as bin. */
  "typed-values",
  /** Tensors with a dtype, as raw little-endian bytes in a msgpack ext type. */
  "tensors",
  /** Record values: ordered pairs of key and Value. */
  "records",
  /** Text and Object values, Composite and Stream plans (all later than crate 0.2.22). */
  "late-variants",
  /** `Error` messages with code, path and expectation. */
  "errors",
  /** `attempt` on assignments and results, `ResultAck`, `Started`, `Recall`, `Cancelled`. */
  "attempts",
  /** Heartbeats are answered by `HeartbeatAck` and carry what each side holds. */
  "books",
  /** StreamAccepted, StreamCredit, StreamCancel. */
  "stream-credit",
  /** One Started for several attempts, and what happened in a part with its PlanResult. */
  "together",
  /** `bindings` name filters that the worker has. */
  "bindings",
  /** A plan's shape may travel as one string: see plan-shape.ts. */
  "shapes",
] as const;
export type Feature = (typeof FEATURES)[number];

/** The features of both sides, in the order of FEATURES; what either does not know is left out. */
export function sharedFeatures(announced: readonly string[] | undefined): Feature[] {
  if (!announced) return [];
  const theirs = new Set(announced);
  return FEATURES.filter((feature) => theirs.has(feature));
}

export const SUBPROTOCOL = "planwire.v1";
export const PROTOCOL_VERSION = 1;
