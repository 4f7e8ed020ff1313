import type { WorkerSummary } from "@planwire/protocol";
import { received, receivedBroken, receivedChunkFrame } from "../gateway/received.js";
import type { Opened } from "../store/store.js";
import { workOff } from "./agenda.js";
import { takeUpOffers } from "./ever-offered.js";
import { connectionClosed, connectionOpened } from "./connections.js";
import { persistChanges, persistDone, retryWrites } from "./durable.js";
import { endOverdue, nextDeadlineCheck } from "./deadlines.js";
import type { Effect } from "./effect.js";
import type { CoreEvent, Now } from "./event.js";
import { listDone, listFailed, summary, workerSummaries } from "./lists.js";
import { sweep } from "./leases.js";
import { numberMessages } from "./message-numbers.js";
import { loadDone, loadFailed } from "./questions.js";
import { recover } from "./recover.js";
import { closeSilentNewcomers, nextHelloCheck } from "./newcomers.js";
import { prune, pruneDone, pruneFailed } from "./retention.js";
import { endBackoffs } from "./retries.js";
import { sendFailed } from "./send-failed.js";
import { signOfLife } from "./sessions.js";
import type { Settings } from "./settings.js";
import { closeSilentClients } from "./silent-clients.js";
import { awaitDrainDone, connectionBlocked } from "./slow-watchers.js";
import { createState, type CoreState, type Turn } from "./state.js";

/** The coordinator's decisions: events in, effects out; no clock, no chance and no I/O of its own. */
export class CoordinatorCore {
  readonly #state: CoreState;
  readonly #opened: Opened;

  constructor(settings: Settings, opened: Opened) {
    this.#state = createState(settings, opened);
    this.#opened = opened;
  }

  /** Takes up what the store held. Once, before anybody is let in. */
  start(now: Now): Effect[] {
    return this.#turn(now, (turn) => {
      const { boot, settings } = turn.state;
      if (boot > 1) turn.state.comingBackUntil = now.mono + settings.heartbeatTimeoutMs;
      takeUpOffers(turn.state, this.#opened.offered);
      for (const stored of this.#opened.live) recover(turn, stored);
      turn.state.pruneAt = now.mono + turn.state.settings.pruneIntervalMs;
    });
  }

  step(event: CoreEvent, now: Now): Effect[] {
    return this.#turn(now, (turn) => handle(turn, event));
  }

  workers(now: Now): WorkerSummary[] {
    return workerSummaries(this.#state, now);
  }

  summary(): Record<string, unknown> {
    return summary(this.#state);
  }

  /** For checks of what must hold. */
  get state(): Readonly<CoreState> {
    return this.#state;
  }

  #turn(now: Now, happen: (turn: Turn) => void): Effect[] {
    const turn: Turn = { state: this.#state, now, out: [], agenda: [] };
    happen(turn);
    workOff(turn);
    persistChanges(turn);
    numberMessages(turn);
    askToBeWoken(turn);
    return turn.out;
  }
}

function handle(turn: Turn, event: CoreEvent): void {
  switch (event.type) {
    case "connectionOpened":
      return connectionOpened(turn, event.conn, event.scopes, event.sessionId);
    case "received":
      return received(turn, event);
    case "receivedBroken":
      return receivedBroken(turn, event);
    case "receivedChunk":
      return receivedChunkFrame(turn, event);
    case "connectionClosed":
      return connectionClosed(turn, event.conn, event.reason);
    case "connectionBlocked":
      return connectionBlocked(turn, event.conn);
    case "awaitDrainDone":
      return awaitDrainDone(turn, event.conn);
    case "probeDone": {
      const connection = turn.state.connections.get(event.conn);
      return connection && signOfLife(turn, connection);
    }
    case "sendFailed":
      return sendFailed(turn, event.conn, event.message, event.error);
    case "persistDone":
      return persistDone(turn, event.write, event.answer);
    case "loadDone":
      return loadDone(turn, event.load, event.execution);
    case "loadFailed":
      return loadFailed(turn, event.load, event.reason);
    case "listDone":
      return listDone(turn, event.list, event.plans, event.total);
    case "listFailed":
      return listFailed(turn, event.list, event.reason);
    case "pruneDone":
      return pruneDone(turn, event.prune, event.removed);
    case "pruneFailed":
      return pruneFailed(turn, event.prune, event.reason);
    case "woken":
      turn.state.wakeAt = undefined; // a timer that was early is set again
      retryWrites(turn);
      prune(turn);
      closeSilentNewcomers(turn);
      closeSilentClients(turn);
      endOverdue(turn);
      endBackoffs(turn);
      return sweep(turn);
  }
}

function askToBeWoken(turn: Turn): void {
  const { state, out } = turn;
  let at = nextDeadlineCheck(turn) ?? Infinity;
  at = Math.min(at, nextHelloCheck(state) ?? Infinity);
  at = Math.min(at, state.sweepAt ?? Infinity, state.retryAt ?? Infinity);
  at = Math.min(at, state.clientsAt ?? Infinity);
  at = Math.min(at, state.pruneAt ?? Infinity, state.backoffs[0]?.at ?? Infinity);
  const mono = at === Infinity ? undefined : at;
  if (mono === state.wakeAt) return;
  state.wakeAt = mono;
  out.push({ type: "wakeAt", mono });
}
