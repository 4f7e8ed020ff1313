import type { CoordinatorOptions } from "@planwire/coordinator";
import type { Command } from "commander";
import { duration, size, wholeNumber } from "./option-values.js";

/** How much a coordinator takes, and how long it keeps it. */
export interface BoundFlags {
  readonly keep?: number;
  readonly maxQueued?: number;
  readonly maxLive?: number;
  readonly maxConnections?: number;
  readonly maxFrame?: number;
  readonly maxChunk?: number;
}

export function withBounds(command: Command): Command {
  return command
    .option("--keep <time>", "how long ended plans are kept (default: 7d)", duration)
    .option(
      "--max-queued <count>",
      "parts of plans that may wait for a worker (default: 100000)",
      wholeNumber(1),
    )
    .option(
      "--max-live <size>",
      "what plans that have not ended may take in memory together (default: 512MiB)",
      size,
    )
    .option("--max-connections <count>", "open connections (default: 10000)", wholeNumber(1))
    .option("--max-frame <size>", "the largest message (default: 64MiB)", size)
    .option("--max-chunk <size>", "the largest chunk of a stream (default: 4MiB)", size);
}

export function boundsOf(flags: BoundFlags): CoordinatorOptions {
  const { keep, maxQueued, maxLive, maxConnections, maxFrame, maxChunk } = flags;
  return {
    ...(keep !== undefined && { keepMs: keep }),
    limits: {
      ...(maxFrame !== undefined && { frameBytes: maxFrame }),
      ...(maxChunk !== undefined && { chunkBytes: maxChunk }),
    },
    settings: {
      ...(maxQueued !== undefined && { maxQueued }),
      ...(maxLive !== undefined && { maxLiveBytes: maxLive }),
      ...(maxConnections !== undefined && { maxConnections }),
    },
  };
}
