import { nodeIdsOf } from "@planwire/plan";
import {
  ERRORS,
  LIMITS,
  type ChunkData,
  type ErrorCode,
  type PlanResult,
  type StreamBegin,
  type StreamCredit,
  type WireError,
} from "@planwire/protocol";
import type { PlanProgram } from "./offers.js";
import { noSuchFilter } from "./plan-runs.js";
import {
  emptySuccess,
  encodeResult,
  encodeWithin,
  failedResult,
  isWireError,
  resultOf,
  type Encoded,
} from "./results.js";
import { hasFreeSlot, releaseSlot } from "./slots.js";
import type { StreamRun, Turn, Walk, WalkEnd, WorkerState } from "./state.js";
import { beginWalk, cancelWalk, newWalk, readSource } from "./walk.js";

const WINDOW = { bytes: LIMITS.streamWindowBytes, chunks: LIMITS.streamWindowChunks };

/** Takes a stream, which holds a slot until it ends. */
export function beginStream(state: WorkerState, turn: Turn, begin: StreamBegin): void {
  const { stream_id: streamId, plan_id: partId, plan, attempt = 1 } = begin;
  const known = state.streams.get(streamId);
  if (known !== undefined && known.attempt >= attempt) return;
  if (known !== undefined) dropStream(state, turn, known);
  const { program, missing } = state.offers.programOf(plan);
  const refusal = missing.length > 0 ? noSuchFilter(missing, state) : refusalOf(begin, program);
  if (refusal !== undefined) {
    return sendComplete(state, turn, streamId, failedResult(refusal, 0));
  }
  if (state.draining !== undefined || !hasFreeSlot(state)) {
    return refuseBusy(state, turn, streamId, partId, attempt);
  }
  const { features } = state.session;
  const stream: StreamRun = {
    kind: "stream",
    streamId,
    partId,
    attempt,
    plan,
    program,
    startedAt: turn.now.mono,
    phase: "running",
    failure: undefined,
    width: state.settings.slots,
    waiting: [],
    walks: new Map(),
    results: new Map(),
    heldBytes: 0,
    received: { bytes: 0, chunks: 0 },
    consumed: { bytes: 0, chunks: 0 },
    granted: WINDOW,
    sent: { bytes: 0, chunks: 0 },
    outCredit: features.has("stream-credit") ? (begin.credit ?? WINDOW) : undefined,
    inputEnded: false,
    stopped: undefined,
    openCalls: 0,
    unwanted: false,
  };
  state.streams.set(streamId, stream);
  state.slots.add(stream);
  if (!features.has("stream-credit")) return;
  turn.emit({
    type: "send",
    message: {
      type: "StreamAccepted",
      stream_id: streamId,
      plan_id: partId,
      attempt,
      worker_id: state.settings.workerId,
      credit: WINDOW,
    },
  });
}

export function takeChunk(state: WorkerState, turn: Turn, data: ChunkData, bytes: number): void {
  const stream = state.streams.get(data.stream_id);
  // Of a stream that ended early, chunks may still be under way.
  if (stream === undefined || stream.phase !== "running") return;
  const index = stream.received.chunks;
  if (Number(data.chunk_index) !== index || stream.inputEnded) {
    const said = stream.inputEnded ? "after StreamEnd" : `where chunk ${index} was expected`;
    const message = `chunk ${data.chunk_index} came ${said}`;
    return failStream(state, turn, stream, streamError("UNEXPECTED_MESSAGE", message), index);
  }
  const { granted, received, outCredit } = stream;
  if (outCredit !== undefined && (index >= granted.chunks || received.bytes >= granted.bytes)) {
    const message = `chunk ${index} came without credit: ${granted.chunks} chunks, ${granted.bytes} bytes`;
    return failStream(state, turn, stream, streamError("STREAM_OVERRUN", message), index);
  }
  stream.received = { bytes: received.bytes + bytes, chunks: index + 1 };
  stream.waiting.push({ index, value: data.value, bytes });
  goOn(state, turn, stream);
}

export function streamInputEnded(state: WorkerState, turn: Turn, streamId: string): void {
  const stream = state.streams.get(streamId);
  if (stream === undefined) return;
  stream.inputEnded = true;
  goOn(state, turn, stream);
}

export function takeOutCredit(state: WorkerState, turn: Turn, credit: StreamCredit): void {
  const stream = state.streams.get(credit.stream_id);
  if (stream?.outCredit === undefined || credit.dir !== "out") return;
  const { bytes, chunks } = stream.outCredit;
  stream.outCredit = {
    bytes: Math.max(bytes, credit.bytes),
    chunks: Math.max(chunks, credit.chunks),
  };
  goOn(state, turn, stream);
}

/** What came of a step of a chunk's walk: nothing yet, or its end. */
export function chunkWalkEnded(
  state: WorkerState,
  turn: Turn,
  stream: StreamRun,
  walk: Walk,
  end: WalkEnd | undefined,
): void {
  const { chunk } = walk;
  if (end === undefined || chunk === undefined) return;
  stream.walks.delete(chunk.index);
  if (stream.phase !== "cancelling" && end.status !== "Cancelled") {
    const encoded = end.status === "Failed" ? end.error : encodeChunk(state, stream, walk, end);
    if (isWireError(encoded)) failStream(state, turn, stream, encoded, chunk.index);
    else if (typeof encoded.frame !== "string") {
      stream.results.set(chunk.index, { frame: encoded.frame, inputBytes: chunk.bytes });
      stream.heldBytes += encoded.bytes;
    }
  }
  goOn(state, turn, stream);
}

/** Ends a stream early: its coordinator is told, unless nobody listens any more. */
export function cancelStream(state: WorkerState, turn: Turn, stream: StreamRun): void {
  if (stream.phase === "cancelling" || stream.phase === "ended") return;
  stream.phase = "cancelling";
  stream.waiting = [];
  stream.results.clear();
  stopWalks(state, turn, stream, 0);
  goOn(state, turn, stream);
}

/** Nobody reads its results any more: its connection is gone, or a newer attempt is here. */
export function dropStream(state: WorkerState, turn: Turn, stream: StreamRun): void {
  stream.unwanted = true;
  state.streams.delete(stream.streamId);
  cancelStream(state, turn, stream);
}

/** Sends what may be sent, starts what may be started, and ends when nothing is left. */
function goOn(state: WorkerState, turn: Turn, stream: StreamRun): void {
  sendResults(state, turn, stream);
  startChunks(state, turn, stream);
  if (stream.walks.size > 0 || stream.phase === "ended") return;
  const result = outcomeOf(stream, turn.now.mono - stream.startedAt);
  if (result === undefined) return;
  stream.phase = "ended";
  state.streams.delete(stream.streamId);
  releaseSlot(state, stream);
  if (!stream.unwanted) sendComplete(state, turn, stream.streamId, result);
}

function outcomeOf(stream: StreamRun, durationMs: number): PlanResult | undefined {
  switch (stream.phase) {
    case "running": {
      const done = stream.inputEnded && stream.sent.chunks === stream.received.chunks;
      return done ? emptySuccess(durationMs) : undefined;
    }
    case "failing":
      // The results before the chunk that failed still go out, in order.
      if (stream.results.size > 0 || stream.waiting.length > 0) return undefined;
      return stream.failure && failedResult(stream.failure.error, durationMs);
    case "cancelling":
      return resultOf({ status: "Cancelled" }, stream.stopped, durationMs);
    case "ended":
      return undefined;
  }
}

/** Starts chunks in order, as long as the results that wait for credit are bounded. */
function startChunks(state: WorkerState, turn: Turn, stream: StreamRun): void {
  while (stream.walks.size < stream.width && stream.heldBytes < WINDOW.bytes) {
    const chunk = stream.waiting.shift();
    if (chunk === undefined) return;
    const walk = newWalk(stream, stream.plan, stream.program, chunk);
    stream.walks.set(chunk.index, walk);
    chunkWalkEnded(state, turn, stream, walk, beginWalk(state, turn, walk, chunk.value));
  }
}

function sendResults(state: WorkerState, turn: Turn, stream: StreamRun): void {
  for (;;) {
    const { sent, outCredit, consumed } = stream;
    const result = stream.results.get(sent.chunks);
    if (result === undefined) break;
    const bytes = result.frame.length;
    const fits =
      outCredit === undefined ||
      (sent.chunks < outCredit.chunks && sent.bytes + bytes <= outCredit.bytes);
    if (!fits) break;
    stream.results.delete(sent.chunks);
    stream.heldBytes -= bytes;
    stream.sent = { bytes: sent.bytes + bytes, chunks: sent.chunks + 1 };
    stream.consumed = {
      bytes: consumed.bytes + result.inputBytes,
      chunks: consumed.chunks + 1,
    };
    turn.emit({ type: "sendBulk", frame: result.frame });
  }
  grantInput(turn, stream);
}

/** Input credit in steps of a quarter window: one message per chunk would cost more than the chunk. */
function grantInput(turn: Turn, stream: StreamRun): void {
  const { consumed, granted, outCredit, phase, inputEnded } = stream;
  if (outCredit === undefined || phase !== "running" || inputEnded) return;
  const bytes = consumed.bytes + WINDOW.bytes;
  const chunks = consumed.chunks + WINDOW.chunks;
  const worthIt =
    bytes - granted.bytes >= WINDOW.bytes / 4 || chunks - granted.chunks >= WINDOW.chunks / 4;
  if (!worthIt) return;
  stream.granted = { bytes, chunks };
  turn.emit({
    type: "send",
    message: { type: "StreamCredit", stream_id: stream.streamId, dir: "in", bytes, chunks },
  });
}

/** The stream will fail at this chunk: nothing behind it matters any more. The first such chunk counts. */
function failStream(
  state: WorkerState,
  turn: Turn,
  stream: StreamRun,
  error: WireError,
  index: number,
): void {
  if (stream.phase === "cancelling" || stream.phase === "ended") return;
  if (stream.failure !== undefined && stream.failure.index < index) return;
  stream.phase = "failing";
  stream.failure = { index, error };
  stream.waiting = stream.waiting.filter((chunk) => chunk.index < index);
  for (const [held, { frame }] of stream.results) {
    if (held < index) continue;
    stream.results.delete(held);
    stream.heldBytes -= frame.length;
  }
  stopWalks(state, turn, stream, index);
  goOn(state, turn, stream);
}

function stopWalks(state: WorkerState, turn: Turn, stream: StreamRun, from: number): void {
  for (const [index, walk] of stream.walks) {
    if (index < from) continue;
    chunkWalkEnded(state, turn, stream, walk, cancelWalk(state, turn, walk));
  }
}

function encodeChunk(
  { session }: WorkerState,
  stream: StreamRun,
  walk: Walk,
  end: Extract<WalkEnd, { status: "Succeeded" }>,
): Encoded | WireError {
  return encodeWithin(
    {
      type: "ChunkResult",
      stream_id: stream.streamId,
      chunk_index: walk.chunk?.index ?? 0,
      value: readSource(end.output),
    },
    session.features,
    session.chunkBytes,
  );
}

/** Behind the last chunk, in its queue. */
function sendComplete(
  { session }: WorkerState,
  turn: Turn,
  streamId: string,
  result: PlanResult,
): void {
  const { frame } = encodeResult(
    (one) => ({ type: "StreamComplete", stream_id: streamId, result: one }) as const,
    result,
    session,
  );
  if (typeof frame !== "string") turn.emit({ type: "sendBulk", frame });
}

function refuseBusy(
  state: WorkerState,
  turn: Turn,
  streamId: string,
  partId: string,
  attempt: number,
): void {
  if (state.session.features.has("attempts")) {
    return turn.emit({ type: "send", message: { type: "Busy", plan_id: partId, attempt } });
  }
  const error = streamError("STREAM_REFUSED", "every slot of this worker is taken");
  sendComplete(state, turn, streamId, failedResult(error, 0));
}

/** Why a stream can't run here. */
function refusalOf({ plan }: StreamBegin, program: PlanProgram): WireError | undefined {
  if (plan.mode !== "Forward" && plan.mode !== null && plan.mode !== undefined) {
    return streamError("STREAM_REFUSED", "a stream can't fit", {
      hint: "fit with a plan, and give its states to the stream's",
    });
  }
  for (const id of nodeIdsOf(plan.plan)) {
    const { name, streamMode } = program.nodes.get(id)?.filter ?? {};
    if (streamMode === undefined || streamMode === "FixedState") continue;
    return streamError("STREAM_REFUSED", `filter "${name}" of node "${id}" is ${streamMode}`, {
      node_id: id,
      hint: "this worker streams through FixedState filters only",
    });
  }
  return undefined;
}

function streamError(
  code: ErrorCode,
  message: string,
  more: Pick<WireError, "node_id" | "hint"> = {},
): WireError {
  return { code, message, retryable: ERRORS[code].retryable, ...more };
}
