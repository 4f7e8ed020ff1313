import { lowerMessage, type ConnectionId, type Credit, type Message } from "@planwire/protocol";
import { send } from "./send.js";
import type { Settings } from "./settings.js";
import { add, exceeds } from "./credit.js";
import type { StreamRun, Turn } from "./state.js";

// A peer of the inherited wire knows no credit. The client gets credit for a window of chunks, and more only as results have gone on
// to it: so what lies here, and in the socket, is bounded by the window.

const NO_FEATURES = new Set<never>();

/** The client's credit: what has been answered and passed on, and a window more. */
export function grantForInherited(settings: Settings, run: StreamRun): Credit {
  const underWay = run.inFlight.reduce((sum, bytes) => sum + bytes, 0);
  return {
    bytes: run.input.sent.bytes - underWay + settings.streamWindowBytes,
    chunks: run.results.sent.chunks + settings.inheritedWindowChunks,
  };
}

/** @throws PlanwireError VALUE_UNSUPPORTED for what that peer can't be told */
export function sendInherited(
  turn: Turn,
  run: StreamRun,
  conn: ConnectionId,
  message: Message,
  bytes: number,
): void {
  turn.out.push({ type: "sendBulk", conn, message: lowerMessage(message, NO_FEATURES) });
  run.inFlight.push(bytes);
}

/** Passes on the results that the client has credit for, and gives it credit for as many chunks. */
export function passWaiting(turn: Turn, run: StreamRun): void {
  for (let next = run.waiting[0]; next; next = run.waiting[0]) {
    const after = add(run.results.sent, next.bytes);
    if (exceeds(after, run.results.granted)) return;
    run.waiting.shift();
    run.inFlight.shift();
    run.results.sent = after;
    turn.out.push({ type: "sendBulk", conn: run.client, message: next.message });
    grantMore(turn, run);
  }
  const { completed } = run;
  if (completed) turn.agenda.push({ do: "completeStream", run, result: completed });
}

function grantMore(turn: Turn, run: StreamRun): void {
  run.input.granted = grantForInherited(turn.state.settings, run);
  const { bytes, chunks } = run.input.granted;
  send(turn, run.client, {
    type: "StreamCredit",
    stream_id: run.streamId,
    dir: "in",
    bytes,
    chunks,
  });
}
