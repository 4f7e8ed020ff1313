import {
  decodeBinary,
  encodeFrame,
  isPlanwireError,
  lowerMessage,
  PlanwireError,
  wireErrorOf,
  type ChunkHead,
  type ConnectionId,
  type Credit,
  type Feature,
  type Message,
  type MessageOf,
  type Outcome,
  type PlanResult,
} from "@planwire/protocol";
import { cancelExecution } from "./cancel.js";
import { add, exceeds, larger } from "./credit.js";
import { emitWhenDurable } from "./durable.js";
import { growBy } from "./ended.js";
import { finishAs } from "./executions.js";
import { grantForInherited, passWaiting, sendInherited } from "./inherited-streams.js";
import { takeResult } from "./results.js";
import { send } from "./send.js";
import type { Connection, Execution, Part, StreamRun, Turn, WorkerSession } from "./state.js";
import { resultOf } from "./stream-result.js";

const NONE: Credit = { bytes: 0, chunks: 0 };

export function openStreamRun(
  turn: Turn,
  connection: Connection,
  execution: Execution,
  { stream_id, credit }: MessageOf<"StreamBegin">,
): void {
  execution.streamId = stream_id;
  connection.streams.add(stream_id);
  turn.state.streams.set(stream_id, {
    streamId: stream_id,
    execution,
    client: connection.id,
    worker: undefined,
    phase: "queued",
    input: { granted: NONE, sent: NONE, ended: false },
    results: { granted: credit ?? NONE, sent: NONE },
    inFlight: [],
    waiting: [],
    completed: undefined,
  });
}

/** What opens the stream at its worker. */
export function streamBegin(
  { streamId, execution, results }: StreamRun,
  part: Part,
): MessageOf<"StreamBegin"> {
  return {
    type: "StreamBegin",
    stream_id: streamId,
    plan_id: execution.planId,
    total_chunks: null,
    plan: part.plan,
    attempt: part.attempt,
    credit: results.granted,
  };
}

/** The stream was given to a worker. A peer that knows no credit accepts it silently; we answer for it. */
export function assignStream(turn: Turn, run: StreamRun, worker: WorkerSession): void {
  run.worker = worker;
  run.phase = "begun";
  if (worker.features.has("stream-credit")) return;
  run.phase = "flowing";
  run.input.granted = grantForInherited(turn.state.settings, run);
  const { execution } = run;
  const message = acceptedMessage(run, execution.attempts, run.input.granted);
  emitWhenDurable(turn, execution, {
    type: "send",
    conn: run.client,
    message,
    cause: execution.planId,
  });
}

export function streamAccepted(
  turn: Turn,
  conn: ConnectionId,
  message: MessageOf<"StreamAccepted">,
): void {
  const run = runOfWorker(turn, conn, message.stream_id);
  if (run?.phase !== "begun" || message.attempt !== run.execution.attempts) return;
  run.phase = "flowing";
  const holding = run.worker?.held.get(run.execution.planId);
  if (holding) holding.started = true;
  run.input.granted = message.credit;
  send(
    turn,
    run.client,
    acceptedMessage(run, message.attempt, message.credit),
    run.execution.planId,
  );
}

function acceptedMessage(
  { streamId, execution, worker }: StreamRun,
  attempt: number,
  credit: Credit,
): MessageOf<"StreamAccepted"> {
  return {
    type: "StreamAccepted",
    stream_id: streamId,
    plan_id: execution.planId,
    attempt,
    ...(worker && { worker_id: worker.workerId }),
    credit,
  };
}

/** A chunk in either direction, passed on unread. */
export function receivedChunk(
  turn: Turn,
  conn: ConnectionId,
  head: ChunkHead,
  frame: Uint8Array,
): void {
  const run = turn.state.streams.get(head.streamId);
  if (!run || run.phase === "ended") return;
  if (head.type === "ChunkData" && conn === run.client)
    return inputReceived(turn, run, head.index, frame);
  if (head.type === "ChunkResult" && conn === run.worker?.conn) {
    // A peer that knows no credit may happen to write as we do; its answers open the window all the same.
    if (!run.worker.features.has("stream-credit")) return resultDecoded(turn, run, frame);
    if (!mayPassResult(turn, run, head.index, frame.length)) return;
    run.results.sent = add(run.results.sent, frame.length);
    turn.out.push({ type: "forward", conn: run.client, frame });
  }
}

function inputReceived(turn: Turn, run: StreamRun, index: number, frame: Uint8Array): void {
  const { input, worker } = run;
  if (run.phase !== "flowing" || input.ended || worker?.conn === undefined) return;
  if (index !== input.sent.chunks) {
    return failStream(
      turn,
      run,
      new PlanwireError("STREAM_REFUSED", outOfOrder(index, input.sent.chunks)),
    );
  }
  input.sent = add(input.sent, frame.length);
  if (exceeds(input.sent, input.granted))
    return overrun(turn, run, "the client sent more than its credit");
  if (frame.length > turn.state.settings.chunkBytes)
    return tooLarge(turn, run, index, frame.length);
  if (worker.features.has("stream-credit")) {
    turn.out.push({ type: "forward", conn: worker.conn, frame });
    return;
  }
  try {
    sendInherited(turn, run, worker.conn, decodeBinary(frame), frame.length);
  } catch (error) {
    if (!isPlanwireError(error)) throw error;
    failStream(turn, run, error);
  }
}

function resultDecoded(turn: Turn, run: StreamRun, frame: Uint8Array): void {
  try {
    const message = decodeBinary(frame);
    if (message.type === "ChunkResult" && run.worker?.conn !== undefined) {
      chunkResult(turn, run.worker.conn, message);
    }
  } catch (error) {
    if (!isPlanwireError(error)) throw error;
    failStream(turn, run, error);
  }
}

/** A result that came in another form than ours: from a peer of the inherited wire. */
export function chunkResult(
  turn: Turn,
  conn: ConnectionId,
  { stream_id, chunk_index, value }: MessageOf<"ChunkResult">,
): void {
  const run = runOfWorker(turn, conn, stream_id);
  if (!run) return;
  const client = turn.state.connections.get(run.client);
  if (!client) return;
  const index = Number(chunk_index);
  const message = { type: "ChunkResult", stream_id, chunk_index: index, value } as const;
  // What the client will get; encoded here for its length, which is what credit counts.
  const encoded = encodedFor(turn, run, message, client.features);
  if (!encoded) return;
  const { message: result } = encoded;
  const bytes = encoded.frame.length;
  if (bytes > turn.state.settings.chunkBytes) return tooLarge(turn, run, index, bytes);
  if (run.worker?.features.has("stream-credit")) {
    if (!mayPassResult(turn, run, index, bytes)) return;
    run.results.sent = add(run.results.sent, bytes);
    turn.out.push({ type: "sendBulk", conn: run.client, message: result });
    return;
  }
  const expected = run.results.sent.chunks + run.waiting.length;
  if (index !== expected || index >= run.input.sent.chunks) {
    const error = new PlanwireError("STREAM_REFUSED", outOfOrder(index, expected));
    return failStream(turn, run, error);
  }
  run.waiting.push({ message: result, bytes });
  passWaiting(turn, run);
}

/** An input chunk in another form than our client's. */
export function chunkData(turn: Turn, conn: ConnectionId, message: MessageOf<"ChunkData">): void {
  const run = turn.state.streams.get(message.stream_id);
  if (!run || conn !== run.client) return;
  const features = new Set<Feature>(["typed-values", "tensors", "records", "late-variants"]);
  const frame = encodedFor(turn, run, message, features)?.frame;
  if (frame instanceof Uint8Array) inputReceived(turn, run, Number(message.chunk_index), frame);
}

/** JSON text brings in what no binary frame may hold, such as a key `__proto__`: it costs the stream, not the connection. */
function encodedFor(
  turn: Turn,
  run: StreamRun,
  message: MessageOf<"ChunkData" | "ChunkResult">,
  features: ReadonlySet<Feature>,
): { message: Message; frame: string | Uint8Array } | undefined {
  try {
    const lowered = lowerMessage(message, features);
    return { message: lowered, frame: encodeFrame(lowered, features) };
  } catch (error) {
    if (!isPlanwireError(error)) throw error;
    failStream(turn, run, error);
    return undefined;
  }
}

function mayPassResult(turn: Turn, run: StreamRun, index: number, bytes: number): boolean {
  const { results } = run;
  if (index !== results.sent.chunks) {
    failStream(
      turn,
      run,
      new PlanwireError("STREAM_REFUSED", outOfOrder(index, results.sent.chunks)),
    );
    return false;
  }
  if (!exceeds(add(results.sent, bytes), results.granted)) return true;
  overrun(turn, run, "the worker sent more than its credit");
  return false;
}

/** Credit is end to end: passed on, never granted here, but to and for peers that know none. */
export function streamCredit(
  turn: Turn,
  conn: ConnectionId,
  message: MessageOf<"StreamCredit">,
): void {
  const run = turn.state.streams.get(message.stream_id);
  if (!run || run.phase === "ended") return;
  const { dir, bytes, chunks } = message;
  if (dir === "in" && conn === run.worker?.conn) {
    run.input.granted = larger(run.input.granted, { bytes, chunks });
    send(turn, run.client, message, run.execution.planId);
  }
  if (dir === "out" && conn === run.client) {
    run.results.granted = larger(run.results.granted, { bytes, chunks });
    const { worker } = run;
    if (worker?.conn === undefined) return;
    if (worker.features.has("stream-credit"))
      send(turn, worker.conn, message, run.execution.planId);
    else passWaiting(turn, run);
  }
}

export function streamEnd(turn: Turn, conn: ConnectionId, message: MessageOf<"StreamEnd">): void {
  const run = turn.state.streams.get(message.stream_id);
  if (!run || conn !== run.client || run.input.ended || run.phase === "ended") return;
  if (run.phase !== "flowing" || run.worker?.conn === undefined) return;
  run.input.ended = true;
  turn.out.push({ type: "sendBulk", conn: run.worker.conn, message });
}

/** The worker is done with the stream. Results that wait for the client's credit go first. */
export function streamComplete(
  turn: Turn,
  conn: ConnectionId,
  message: MessageOf<"StreamComplete">,
  bytes: number,
): void {
  const { state } = turn;
  const workerId = state.connections.get(conn)?.workerId;
  const worker = workerId === undefined ? undefined : state.workers.get(workerId);
  if (!worker || worker.conn !== conn) return;
  const run = state.streams.get(message.stream_id);
  if (!run || run.worker !== worker) return releaseStream(turn, worker, message);
  run.completed = message.result;
  growBy(state, run.execution, bytes);
  if (run.waiting.length === 0) completeStream(turn, run, message.result);
}

export function completeStream(turn: Turn, run: StreamRun, result: PlanResult): void {
  const { worker, execution } = run;
  if (!worker) return;
  const holding = [...worker.held.values()].find(({ planId }) => planId === execution.planId);
  if (!holding) return;
  const attempt = worker.inherited ? undefined : holding.attempt;
  takeResult(turn, worker, { partId: holding.partId, attempt, result, bytes: 0 }); // they were counted as they came
}

/** A stream that ended here before its worker answered: the slot is free now. */
function releaseStream(
  turn: Turn,
  worker: WorkerSession,
  message: MessageOf<"StreamComplete">,
): void {
  const { result, stream_id } = message;
  for (const { partId, attempt, kind, abandoned, streamId } of worker.held.values()) {
    if (kind !== "stream" || !abandoned || streamId !== stream_id) continue;
    const fenced = worker.inherited ? undefined : attempt;
    return takeResult(turn, worker, { partId, attempt: fenced, result, bytes: 0 });
  }
}

/** Either side ends it early. */
export function streamCancel(
  turn: Turn,
  conn: ConnectionId,
  message: MessageOf<"StreamCancel">,
): void {
  const run = turn.state.streams.get(message.stream_id);
  if (!run || run.phase === "ended") return;
  if (conn === run.client) cancelExecution(turn, run.execution, message.reason ?? "client");
}

/** The client is told how its stream ended, behind the results that are on their way. */
export function endStream(turn: Turn, execution: Execution, outcome: Outcome): void {
  const { state } = turn;
  const run = execution.streamId === undefined ? undefined : state.streams.get(execution.streamId);
  if (!run) return;
  run.phase = "ended";
  state.streams.delete(run.streamId);
  const connection = state.connections.get(run.client);
  if (!connection) return;
  connection.streams.delete(run.streamId);
  const result = lowerMessage(
    { type: "StreamComplete", stream_id: run.streamId, result: resultOf(outcome) },
    connection.features,
  );
  emitWhenDurable(turn, execution, {
    type: "sendBulk",
    conn: run.client,
    message: result,
    cause: execution.planId,
  });
}

/** Ends a stream for a reason found here; the worker is stopped, and its slot free when it says so. */
function failStream(turn: Turn, { execution }: StreamRun, error: PlanwireError): void {
  finishAs(turn, execution, { status: "Failed", error: wireErrorOf(error) });
}

function overrun(turn: Turn, run: StreamRun, message: string): void {
  failStream(turn, run, new PlanwireError("STREAM_OVERRUN", message));
}

function tooLarge(turn: Turn, run: StreamRun, index: number, bytes: number): void {
  const limit = turn.state.settings.chunkBytes;
  const message = `chunk ${index} has ${bytes} bytes, expected at most ${limit}`;
  failStream(
    turn,
    run,
    new PlanwireError("MESSAGE_TOO_LARGE", message, { details: { bytes, limit } }),
  );
}

function outOfOrder(index: number | bigint, expected: number): string {
  return `chunk ${index} came when chunk ${expected} was due`;
}

function runOfWorker({ state }: Turn, conn: ConnectionId, streamId: string): StreamRun | undefined {
  const run = state.streams.get(streamId);
  return run?.phase !== "ended" && run?.worker?.conn === conn ? run : undefined;
}
