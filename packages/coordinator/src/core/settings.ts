import { LIMITS } from "@planwire/protocol";

/** Everything that bounds or times the coordinator. Milliseconds, bytes, counts. */
export interface Settings {
  readonly coordinatorId: string;
  readonly version: string;
  readonly heartbeatIntervalMs: number;
  /** A lease: how long after its last sign of life a worker is taken for dead. */
  readonly heartbeatTimeoutMs: number;
  readonly frameBytes: number;
  readonly chunkBytes: number;
  /** Parts waiting for a slot, or for their next try. Beyond: QUEUE_FULL. */
  readonly maxQueued: number;
  /** Bytes of the plans and results of executions that have not ended, by the frames they came in. Beyond: QUEUE_FULL. */
  readonly maxLiveBytes: number;
  /** Tries of one part, unless its plan says. */
  readonly maxAttempts: number;
  /** Isolates and workers that die under one part before POISON_PLAN. */
  readonly maxDeaths: number;
  /** Workers that die under a part before it starts, as far as was heard, before each such death counts as if it had. */
  readonly maxUnstarted: number;
  /** The wait before a second try, unless the plan says. */
  readonly backoffMs: number;
  /** What such waits grow to. */
  readonly backoffMaxMs: number;
  /** Events that workers told, kept per execution for who watches later. */
  readonly maxEvents: number;
  /** What workers told, in bytes, of one execution. */
  readonly maxEventBytes: number;
  /** Ended executions kept in memory, for who asks soon. */
  readonly maxEnded: number;
  readonly maxEndedBytes: number;
  /** How long ended executions are kept in the store. */
  readonly keepMs: number;
  /** How often the store is asked to remove those whose time has come. */
  readonly pruneIntervalMs: number;
  readonly maxConnections: number;
  /** From a connection's opening to its Hello or Register. Beyond: closed with SESSION_EXPIRED. */
  readonly helloTimeoutMs: number;
  /** A client's silence, pings unanswered. Beyond: closed with SESSION_EXPIRED. */
  readonly clientTimeoutMs: number;
  /** Bytes in a socket from which on its peer reads slowly: what it watches waits until an eighth is left. */
  readonly slowBytes: number;
  /** Bytes in a socket when one more frame is to go. Beyond: closed with SESSION_EXPIRED. */
  readonly maxUnreadBytes: number;
  /** Bytes of chunks that wait for one connection, whatever credit its peer gave. Beyond: closed with SESSION_EXPIRED. */
  readonly maxBulkBytes: number;
  /** Watches, and requests for the store, of one connection. */
  readonly maxWatches: number;
  readonly maxStreams: number;
  /** Names of filters that workers offered, remembered beyond the workers. */
  readonly maxOffered: number;
  /** How long an old socket has to answer before another process may take its worker's id. */
  readonly takeoverMs: number;
  /** How long until a write that failed is tried again. */
  readonly persistRetryMs: number;
  /** Chunks under way to a worker of the inherited wire. */
  readonly inheritedWindowChunks: number;
  readonly streamWindowBytes: number;
}

export const DEFAULT_SETTINGS: Omit<Settings, "coordinatorId" | "version"> = {
  heartbeatIntervalMs: 10_000,
  heartbeatTimeoutMs: 30_000,
  frameBytes: LIMITS.frameBytes,
  chunkBytes: LIMITS.chunkBytes,
  maxQueued: 100_000,
  maxLiveBytes: 512 * 1024 * 1024,
  maxAttempts: 5,
  maxDeaths: 3,
  maxUnstarted: 3,
  backoffMs: 1_000,
  backoffMaxMs: 60_000,
  maxEvents: 1_000,
  maxEventBytes: 256 * 1024,
  maxEnded: 1_000,
  maxEndedBytes: 64 * 1024 * 1024,
  keepMs: 7 * 24 * 60 * 60 * 1000,
  pruneIntervalMs: 60_000,
  maxConnections: 10_000,
  helloTimeoutMs: 10_000,
  clientTimeoutMs: 60_000,
  slowBytes: 8 * 1024 * 1024,
  maxUnreadBytes: 64 * 1024 * 1024,
  maxBulkBytes: 256 * 1024 * 1024,
  maxWatches: 10_000,
  maxStreams: 1_000,
  maxOffered: 10_000,
  takeoverMs: 2_000,
  persistRetryMs: 1_000,
  inheritedWindowChunks: 8,
  streamWindowBytes: LIMITS.streamWindowBytes,
};
