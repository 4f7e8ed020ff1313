import type { Credit, MessageOf, Value } from "@planwire/protocol";
import type { Effect } from "./effects.js";
import { failure, type Failure } from "./failure.js";
import type { ClientState, ClientStream } from "./state.js";
import { add, exceeds, isWorthGranting, NONE } from "./stream-credit.js";
import type { SerializedPlan } from "@planwire/protocol";

export function openStream(
  state: ClientState,
  streamId: string,
  plan: SerializedPlan,
  out: Effect[],
): void {
  const refusal = refusalOf(state);
  if (refusal) {
    out.push({ type: "failStream", streamId, failure: refusal });
    return;
  }
  const stream: ClientStream = {
    streamId,
    plan,
    phase: "unsent",
    input: { sent: NONE, granted: NONE, pulling: false, waiting: undefined, ended: false },
    results: { received: NONE, taken: NONE, granted: NONE },
  };
  state.streams.set(streamId, stream);
  begin(state, stream, out);
}

function refusalOf({ session, streams, settings }: ClientState): Failure | undefined {
  if (session.phase.name === "ended") return session.phase.failure;
  const limit = settings.maxStreams;
  if (streams.size < limit) return undefined;
  return failure("QUEUE_FULL", `this client has ${limit} streams open`, {
    details: { limit, queued: streams.size },
    hint: "end some of them before opening more",
  });
}

export function beginWaitingStreams(state: ClientState, out: Effect[]): void {
  for (const stream of state.streams.values()) begin(state, stream, out);
}

function begin(state: ClientState, stream: ClientStream, out: Effect[]): void {
  const { phase } = state.session;
  if (phase.name !== "ready" || stream.phase !== "unsent") return;
  stream.phase = "begun";
  stream.results.granted = resultWindow(state, phase.limits.chunk_bytes);
  const message = {
    type: "StreamBegin",
    stream_id: stream.streamId,
    plan_id: stream.plan.plan_id,
    plan: stream.plan,
    credit: stream.results.granted,
  } as const;
  out.push({ type: "send", connection: phase.connection, message });
}

/** Two of the largest results must fit, else a grant that is held back could stop the stream. */
function resultWindow({ settings }: ClientState, chunkBytes: number): Credit {
  const { bytes, chunks } = settings.resultWindow;
  return { bytes: Math.max(bytes, 2 * chunkBytes), chunks };
}

export function streamAccepted(
  state: ClientState,
  { stream_id, credit }: MessageOf<"StreamAccepted">,
  out: Effect[],
): void {
  const stream = state.streams.get(stream_id);
  if (stream?.phase !== "begun") return;
  stream.phase = "flowing";
  stream.input.granted = credit;
  sendOrPull(state, stream, out);
}

export function creditGranted(
  state: ClientState,
  { stream_id, dir, bytes, chunks }: MessageOf<"StreamCredit">,
  out: Effect[],
): void {
  const stream = state.streams.get(stream_id);
  if (!stream || dir !== "in") return;
  const { granted } = stream.input;
  stream.input.granted = {
    bytes: Math.max(granted.bytes, bytes),
    chunks: Math.max(granted.chunks, chunks),
  };
  sendOrPull(state, stream, out);
}

export function chunkPulled(
  state: ClientState,
  streamId: string,
  bytes: number,
  out: Effect[],
): void {
  const stream = state.streams.get(streamId);
  if (stream?.phase !== "flowing" || !stream.input.pulling) return;
  stream.input.pulling = false;
  const { phase } = state.session;
  const limit = phase.name === "ready" ? phase.limits.chunk_bytes : Infinity;
  if (bytes > limit) {
    const index = stream.input.sent.chunks;
    const text = `chunk ${index} of the stream has ${bytes} bytes, at most ${limit} may travel`;
    const why = failure("MESSAGE_TOO_LARGE", text, {
      details: { bytes, limit },
      hint: "make smaller chunks: chunks(rows, size)",
    });
    return giveUp(state, stream, why, out);
  }
  stream.input.waiting = bytes;
  sendOrPull(state, stream, out);
}

export function sourceEnded(state: ClientState, streamId: string, out: Effect[]): void {
  const stream = state.streams.get(streamId);
  if (stream?.phase !== "flowing") return;
  stream.input.pulling = false;
  stream.input.ended = true;
  sendToReady(state, { type: "StreamEnd", stream_id: streamId }, out);
}

/** Sends the chunk that waits if the credit allows it; asks the source for the next one when there is credit for it. */
function sendOrPull(state: ClientState, stream: ClientStream, out: Effect[]): void {
  const { input, streamId } = stream;
  const { phase } = state.session;
  if (phase.name !== "ready" || stream.phase !== "flowing") return;
  if (input.waiting !== undefined) {
    const after = add(input.sent, input.waiting);
    if (exceeds(after, input.granted)) return;
    input.sent = after;
    input.waiting = undefined;
    out.push({ type: "sendChunk", connection: phase.connection, streamId });
  }
  const mayPull = !input.pulling && !input.ended;
  if (!mayPull || exceeds(add(input.sent, 1), input.granted)) return;
  input.pulling = true;
  out.push({ type: "pullChunk", streamId, index: input.sent.chunks });
}

export function resultReceived(
  state: ClientState,
  {
    stream_id,
    chunk_index,
    value,
  }: { stream_id: string; chunk_index: number | bigint; value: Value },
  bytes: number,
  out: Effect[],
): void {
  const stream = state.streams.get(stream_id);
  if (stream?.phase !== "flowing") return;
  const { results } = stream;
  const expected = results.received.chunks;
  const index = Number(chunk_index);
  if (index < expected) return;
  if (index > expected) {
    const text = `the result of chunk ${index} came when that of chunk ${expected} was due`;
    return giveUp(state, stream, failure("PEER_ERROR", text), out);
  }
  results.received = add(results.received, bytes);
  if (exceeds(results.received, results.granted)) {
    const text = "the worker sent more results than this client has room for";
    return giveUp(state, stream, failure("STREAM_OVERRUN", text), out);
  }
  out.push({ type: "deliverResult", streamId: stream_id, value, bytes });
}

export function resultTaken(
  state: ClientState,
  streamId: string,
  bytes: number,
  out: Effect[],
): void {
  const stream = state.streams.get(streamId);
  const { phase } = state.session;
  if (stream?.phase !== "flowing" || phase.name !== "ready") return;
  const { results } = stream;
  results.taken = add(results.taken, bytes);
  const window = resultWindow(state, phase.limits.chunk_bytes);
  if (!isWorthGranting(results.taken, results.granted, window)) return;
  results.granted = {
    bytes: results.taken.bytes + window.bytes,
    chunks: results.taken.chunks + window.chunks,
  };
  const message = {
    type: "StreamCredit",
    stream_id: streamId,
    dir: "out",
    ...results.granted,
  } as const;
  out.push({ type: "send", connection: phase.connection, message });
}

export function streamCompleted(
  state: ClientState,
  { stream_id, result }: MessageOf<"StreamComplete">,
  out: Effect[],
): void {
  if (!state.streams.delete(stream_id)) return;
  out.push({ type: "endStream", streamId: stream_id, result });
}

/** The user wants no more. The stream has ended when the coordinator says that it stopped. */
export function cancelStream(
  state: ClientState,
  streamId: string,
  reason: string,
  out: Effect[],
): void {
  const stream = state.streams.get(streamId);
  if (!stream || stream.phase === "cancelling") return;
  if (stream.phase === "unsent") {
    const why = failure("CANCELLED", `the stream was cancelled: ${reason}`, {
      details: { by: "client" },
    });
    return fail(state, stream, why, out);
  }
  stream.phase = "cancelling";
  sendToReady(state, { type: "StreamCancel", stream_id: streamId, reason }, out);
}

/** The other side ends the stream early: nothing more is sent, and its StreamComplete says how it ended. */
export function streamCancelled(
  state: ClientState,
  { stream_id, reason }: MessageOf<"StreamCancel">,
  out: Effect[],
): void {
  const stream = state.streams.get(stream_id);
  if (!stream) return;
  const by = reason ?? "the coordinator";
  fail(
    state,
    stream,
    failure("CANCELLED", `the stream was cancelled by ${by}`, { details: { by } }),
    out,
  );
}

export function streamRefused(
  state: ClientState,
  streamId: string,
  why: Failure,
  out: Effect[],
): void {
  const stream = state.streams.get(streamId);
  if (stream) fail(state, stream, why, out);
}

/** Ends a stream for a reason of our own. */
function giveUp(state: ClientState, stream: ClientStream, why: Failure, out: Effect[]): void {
  const message = { type: "StreamCancel", stream_id: stream.streamId, reason: why.code } as const;
  sendToReady(state, message, out);
  fail(state, stream, why, out);
}

/** A stream does not outlive its connection; one that was not begun waits for the next. */
export function failStreamsUnderWay(state: ClientState, why: Failure, out: Effect[]): void {
  for (const stream of state.streams.values()) {
    if (stream.phase !== "unsent") fail(state, stream, why, out);
  }
}

export function failStreams(state: ClientState, why: Failure, out: Effect[]): void {
  for (const stream of state.streams.values()) fail(state, stream, why, out);
}

function fail(state: ClientState, stream: ClientStream, why: Failure, out: Effect[]): void {
  state.streams.delete(stream.streamId);
  out.push({ type: "failStream", streamId: stream.streamId, failure: why });
}

function sendToReady(
  { session }: ClientState,
  message: MessageOf<"StreamEnd" | "StreamCancel">,
  out: Effect[],
): void {
  if (session.phase.name !== "ready") return;
  out.push({ type: "send", connection: session.phase.connection, message });
}
