/** Bounds of what travels. Each has a typed error; a coordinator may set lower ones and tells them in `Registered.limits`. */
export const LIMITS = {
  /** Bytes of one WebSocket frame. Beyond: MESSAGE_TOO_LARGE. */
  frameBytes: 64 * 1024 * 1024,
  /** Bytes of one stream chunk, encoded. Beyond: MESSAGE_TOO_LARGE. */
  chunkBytes: 4 * 1024 * 1024,
  /** Levels of nesting inside a Json value. */
  jsonDepth: 200,
  /** Levels of nesting of a msgpack frame: a plan takes up to four a level. */
  frameDepth: 512,
  /** Levels of nesting of a plan. */
  planDepth: 64,
  /** Nodes of one plan. */
  planNodes: 10_000,
  /** Predecessors that the edges of one plan name, taken together. */
  planEdges: 100_000,
  /** Characters of a plan's shape, where it is remembered: see plan-shape.ts. */
  shapeLength: 16 * 1024,
  /** Shapes that a process remembers, and their characters together. */
  shapes: 1024,
  shapesLength: 1024 * 1024,
  /** Messages of one batch frame. */
  batchMessages: 4096,
  /** Passes of a Loop that names no limit. */
  loopIterations: 100,
  /** Tries of one part that a plan's policy may ask for. */
  policyAttempts: 1000,
  /** Failure codes that a plan's policy may name. */
  policyCodes: 32,
  /** Milliseconds of any time in a plan's policy: a year. */
  policyMs: 366 * 24 * 60 * 60 * 1000,
  /** Bytes of a part's id. */
  partIdBytes: 512,
  /** Bytes of chunks handed to a socket at a time, so that a heartbeat never waits behind bulk. */
  bulkWindowBytes: 256 * 1024,
  /** Credit of one direction of a stream: bytes and chunks under way. */
  streamWindowBytes: 8 * 1024 * 1024,
  streamWindowChunks: 64,
} as const;
