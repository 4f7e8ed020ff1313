import { wireErrorOf, type Message, type PlanwireError, type WireError } from "@planwire/protocol";
import { cancelPart } from "./cancel.js";
import { drain } from "./drain.js";
import { heartbeatAcknowledged } from "./heartbeats.js";
import { assignPlan, recallPlan } from "./plan-runs.js";
import { registerMessage } from "./register.js";
import { answeredUnreadably, refused, registered } from "./session.js";
import type { Turn, WorkerState } from "./state.js";
import {
  beginStream,
  cancelStream,
  streamInputEnded,
  takeChunk,
  takeOutCredit,
} from "./stream-runs.js";
import { resultAcknowledged } from "./unacknowledged.js";

/** A message of the coordinator. Types that only others get are not ours to handle, and answered as such. */
export function received(state: WorkerState, turn: Turn, message: Message, bytes: number): void {
  state.session.handled += 1;
  switch (message.type) {
    case "Registered":
      return registered(state, turn, message);
    case "Error":
      return refused(state, turn, message);
    case "Ping":
      return turn.emit({ type: "send", message: { type: "Pong" } });
    case "StatusRequest":
      return turn.emit({ type: "send", message: registerMessage(state) });
    case "Shutdown":
      turn.emit({ type: "send", message: { type: "ShutdownAck" } });
      return drain(state, turn, message.reason);
    case "AssignPlan":
      return assignPlan(state, turn, message);
    case "CancelPlan":
      return cancelPart(state, turn, message);
    case "Recall":
      return recallPlan(state, turn, message);
    case "ResultAck":
      return resultAcknowledged(state, message);
    case "HeartbeatAck":
      return heartbeatAcknowledged(state, turn, message);
    case "StreamBegin":
      return beginStream(state, turn, message);
    case "ChunkData":
      return takeChunk(state, turn, message, bytes);
    case "StreamEnd":
      return streamInputEnded(state, turn, message.stream_id);
    case "StreamCredit":
      return takeOutCredit(state, turn, message);
    case "StreamCancel": {
      const stream = state.streams.get(message.stream_id);
      return stream && cancelStream(state, turn, stream);
    }
    case "AssignPythonJob":
      return refuseJob(state, turn, message.job.job_id);
    default:
      return answerError(state, turn, {
        code: "UNEXPECTED_MESSAGE",
        message: `a worker is not sent ${message.type}`,
        retryable: false,
      });
  }
}

/** What could not be understood is answered, unless it reports an error itself: errors are never answered. */
export function receivedBroken(
  state: WorkerState,
  turn: Turn,
  error: PlanwireError,
  isError: boolean,
): void {
  state.session.handled += 1;
  answeredUnreadably(state, wireErrorOf(error));
  if (!isError) answerError(state, turn, wireErrorOf(error));
}

function answerError({ session }: WorkerState, turn: Turn, error: WireError): void {
  if (!session.features.has("errors")) return;
  turn.emit({ type: "send", message: { type: "Error", ...error } });
}

function refuseJob({ settings }: WorkerState, turn: Turn, jobId: string): void {
  turn.emit({
    type: "send",
    message: {
      type: "JobResult",
      worker_id: settings.workerId,
      job_id: jobId,
      success: false,
      metrics: {},
      output: "this worker runs no Python jobs",
      duration_ms: 0,
    },
  });
}
