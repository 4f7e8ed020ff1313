import type { Capabilities } from "@planwire/protocol";
import { callReported, callReturned, callStarted, overdueCalls, type Completion } from "./calls.js";
import { drain, leave, leaveWhenDrained } from "./drain.js";
import type { Effect } from "./effect.js";
import type { CoreEvent, Now } from "./event.js";
import { heartbeatDue, sendHeartbeat, tellOtherSlots } from "./heartbeats.js";
import { Offers } from "./offers.js";
import { planLeafStarted, planWalkEnded, startWaiting } from "./plan-runs.js";
import { received, receivedBroken } from "./received.js";
import {
  awaitOffer,
  connect,
  connected,
  disconnected,
  giveUpConnection,
  newSession,
  registerAgain,
} from "./session.js";
import type { Settings } from "./settings.js";
import { releaseSlot } from "./slots.js";
import { Turn, type WorkerState } from "./state.js";
import { chunkWalkEnded } from "./stream-runs.js";
import { tellWhatWaited, untoldAt } from "./untold.js";
import { completeLeaf } from "./walk.js";

/** Decides what a worker does: events in, effects out, no clock and no I/O of its own. */
export class WorkerCore {
  /** For tests and the simulator to judge; changed by `step` only. */
  readonly state: WorkerState;

  constructor(settings: Settings) {
    this.state = newState(settings);
  }

  step(event: CoreEvent, now: Now): Effect[] {
    const { state } = this;
    const turn = new Turn(now);
    handle(state, turn, event);
    startWaiting(state, turn);
    tellOtherSlots(state, turn);
    leaveWhenDrained(state, turn);
    setTimer(state, turn);
    return turn.effects;
  }
}

const UNKNOWN_MACHINE: Capabilities = {
  cpu_cores: 0,
  ram_bytes: 0,
  gpus: [],
  python_envs: [],
  tags: [],
};

function newState(settings: Settings): WorkerState {
  return {
    settings,
    offers: new Offers(),
    capabilities: UNKNOWN_MACHINE,
    session: newSession(),
    plans: new Map(),
    waiting: [],
    streams: new Map(),
    slots: new Set(),
    calls: new Map(),
    timed: new Set(),
    unacknowledged: new Map(),
    unacknowledgedBytes: 0,
    returned: new Map(),
    untold: { started: new Set(), startedAt: undefined, events: new Set(), eventsAt: undefined },
    openOffers: [],
    draining: undefined,
    nextCall: 1,
    wakeAt: undefined,
  };
}

function handle(state: WorkerState, turn: Turn, event: CoreEvent): void {
  switch (event.type) {
    case "start":
      state.offers.add(event.filters);
      state.capabilities = event.capabilities;
      return connect(state, turn);
    case "capabilitiesFound":
      state.capabilities = event.capabilities;
      return registerAgain(state, turn);
    case "connectDone":
      if (isCurrent(state, event)) connected(state, turn);
      return;
    case "connectFailed":
    case "connectionLost":
      if (isCurrent(state, event)) disconnected(state, turn, event.end, event.random);
      return;
    case "received":
      if (isCurrent(state, event)) received(state, turn, event.message, event.bytes);
      return;
    case "receivedBroken":
      if (isCurrent(state, event)) receivedBroken(state, turn, event.error, event.isError);
      return;
    case "startCallDone":
      return started(state, turn, event.call);
    case "callReported":
      return callReported(state, turn, event.report);
    case "callDone":
      return ended(state, turn, event);
    case "sampleLoadDone":
      return sendHeartbeat(state, turn, event.load, event.mainBlockedMs);
    case "wakeAtDone":
      return woken(state, turn, event.random);
    case "offer":
      return offer(state, turn, event);
    case "drain":
      return drain(state, turn, event.reason);
    case "close":
      return leave(state, turn);
  }
}

/** A socket that was given up may still speak. */
function isCurrent({ session }: WorkerState, { connection }: { connection: number }): boolean {
  const live = session.phase !== "waiting" && session.phase !== "left";
  return live && session.connection === connection;
}

function started(state: WorkerState, turn: Turn, id: number): void {
  const call = state.calls.get(id);
  if (call === undefined) return;
  const { run } = call.walk;
  if (run.kind === "plan") planLeafStarted(state, turn, run);
  callStarted(state, turn, call);
}

function ended(
  state: WorkerState,
  turn: Turn,
  { call: id, outcome }: Extract<CoreEvent, { type: "callDone" }>,
): void {
  const call = state.calls.get(id);
  if (call === undefined) return;
  const completion = callReturned(state, turn, call, outcome);
  if (completion === undefined) releaseSlot(state, call.walk.run);
  else completed(state, turn, completion);
}

function completed(state: WorkerState, turn: Turn, completion: Completion): void {
  const { walk } = completion;
  const end = completeLeaf(state, turn, completion);
  if (walk.run.kind === "plan") planWalkEnded(state, turn, walk.run, end);
  else chunkWalkEnded(state, turn, walk.run, walk, end);
}

function offer(
  state: WorkerState,
  turn: Turn,
  { filters, offer: id }: Extract<CoreEvent, { type: "offer" }>,
): void {
  state.offers.add(filters);
  registerAgain(state, turn);
  awaitOffer(state, turn, id);
}

function woken(state: WorkerState, turn: Turn, random: number): void {
  state.wakeAt = undefined;
  const { session } = state;
  const isPast = (at: number | undefined) => at !== undefined && at <= turn.now.mono;
  tellWhatWaited(state, turn);
  for (const completion of overdueCalls(state, turn)) completed(state, turn, completion);
  if (isPast(session.ackBy)) {
    return giveUpConnection(state, turn, "no HeartbeatAck within the timeout", random);
  }
  if (isPast(session.heartbeatAt)) heartbeatDue(state, turn);
  if (!isPast(session.deadline)) return;
  if (session.phase === "waiting") return connect(state, turn);
  const missing = session.phase === "connecting" ? "connection" : "Registered";
  giveUpConnection(state, turn, `no ${missing} within the timeout`, random);
}

function setTimer(state: WorkerState, turn: Turn): void {
  const { session, timed } = state;
  let next = Math.min(
    session.deadline ?? Infinity,
    session.heartbeatAt ?? Infinity,
    session.ackBy ?? Infinity,
    untoldAt(state),
  );
  for (const { deadline = Infinity } of timed) next = Math.min(next, deadline);
  // A timer that fires early asks again; one that is moved for every call costs more than that.
  if (next === Infinity || (state.wakeAt !== undefined && state.wakeAt <= next)) return;
  state.wakeAt = next;
  turn.emit({ type: "wakeAt", mono: next });
}
