import type { CallId, CallOutcome, CallReport, FilterCall } from "../core/filter-call.js";
import { callError } from "../execute/call-error.js";
import type { FromIsolate, Loaded, ToIsolate } from "./messages.js";

/** A thread or process as the pool sees it. */
export interface Isolate {
  post(message: ToIsolate): void;
  /** Ends it, whatever it does; `ended` follows. */
  kill(): void;
}

export interface IsolateEvents {
  message(message: FromIsolate): void;
  /** Told once, after the last message. */
  ended(reason: string): void;
}

export type StartIsolate = (events: IsolateEvents) => Isolate;

/** What the pool's owner is told. Each call gets one `done`. */
export interface PoolEvents {
  started(call: CallId): void;
  report(report: CallReport): void;
  done(call: CallId, outcome: CallOutcome): void;
  /** An isolate could not load the filters. Of the first one the pool's owner learns by `load()`, too. */
  loadFailed(loaded: Loaded): void;
  /** An isolate died that nobody had asked to. */
  crashed(reason: string): void;
}

interface Member {
  isolate: Isolate;
  phase: "loading" | "idle" | "busy" | "ended";
  call?: FilterCall;
  killed: boolean;
}

/**
 * Isolates that run filters, one call at a time each; started when needed, at most `size` of them. One that dies takes only the call that it
 * ran; the next call gets a fresh one.
 */
export class IsolatePool {
  readonly #start: StartIsolate;
  readonly #size: number;
  readonly #events: PoolEvents;
  readonly #members = new Set<Member>();
  /** The one that became idle last is taken first: its caches are warm. */
  readonly #idle: Member[] = [];
  readonly #running = new Map<CallId, Member>();
  #waiting: FilterCall[] = [];
  readonly #onLoaded: ((loaded: Loaded) => void)[] = [];
  #closed = false;

  constructor(start: StartIsolate, size: number, events: PoolEvents) {
    this.#start = start;
    this.#size = size;
    this.#events = events;
  }

  /** Starts one isolate ahead of the first call, and tells what it loaded. */
  load(): Promise<Loaded> {
    return new Promise((resolve) => {
      this.#onLoaded.push(resolve);
      this.#startOne();
    });
  }

  run(call: FilterCall): void {
    const member = this.#idle.pop();
    if (member !== undefined) return this.#begin(member, call);
    this.#waiting.push(call);
    this.#startForWaiting();
  }

  /** Tells a call's filter to stop; one that waits is dropped. */
  abort(call: CallId): void {
    const member = this.#running.get(call);
    if (member !== undefined) return member.isolate.post({ type: "abort", call });
    const index = this.#waiting.findIndex((waiting) => waiting.call === call);
    if (index === -1) return;
    this.#waiting.splice(index, 1);
    this.#events.done(call, { status: "dropped" });
  }

  /** Ends the isolate that runs this call. */
  kill(call: CallId): void {
    const member = this.#running.get(call);
    if (member === undefined) return this.abort(call);
    member.killed = true;
    member.isolate.kill();
  }

  /** Ends all isolates; calls under way get no answer. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
    for (const member of this.#members) member.isolate.kill();
  }

  #begin(member: Member, call: FilterCall): void {
    member.phase = "busy";
    member.call = call;
    this.#running.set(call.call, member);
    member.isolate.post({ type: "call", call });
    this.#events.started(call.call);
  }

  #startForWaiting(): void {
    const loading = [...this.#members].filter(({ phase }) => phase === "loading").length;
    if (this.#waiting.length > loading && this.#members.size < this.#size) this.#startOne();
  }

  #startOne(): void {
    const events: IsolateEvents = {
      message: (message) => this.#take(member, message),
      ended: (reason) => this.#end(member, reason),
    };
    const member: Member = { isolate: this.#start(events), phase: "loading", killed: false };
    this.#members.add(member);
  }

  #take(member: Member, message: FromIsolate): void {
    if (this.#closed || member.phase === "ended") return;
    switch (message.type) {
      case "loaded":
        return this.#loaded(member, message.loaded);
      case "report":
        if (this.#running.get(message.report.call) === member) this.#events.report(message.report);
        return;
      case "done":
        return this.#done(member, message.call, message.outcome);
    }
  }

  #loaded(member: Member, loaded: Loaded): void {
    for (const told of this.#onLoaded.splice(0)) told(loaded);
    if (loaded.failures.length === 0) return this.#free(member);
    this.#events.loadFailed(loaded);
    this.#discard(member);
    const [failure] = loaded.failures;
    this.#failOneWaiting(`${failure?.file}: ${failure?.message}`, failure?.hint);
  }

  #done(member: Member, call: CallId, outcome: CallOutcome): void {
    if (member.call?.call !== call) return;
    delete member.call;
    this.#running.delete(call);
    // The next call goes out before anyone is told of this one: the thread need not wait for that.
    if (!member.killed) this.#free(member);
    this.#events.done(call, outcome);
  }

  #free(member: Member): void {
    const next = this.#waiting.shift();
    if (next !== undefined) return this.#begin(member, next);
    member.phase = "idle";
    this.#idle.push(member);
  }

  #discard(member: Member): void {
    member.phase = "ended";
    this.#members.delete(member);
    const index = this.#idle.indexOf(member);
    if (index !== -1) this.#idle.splice(index, 1);
    member.isolate.kill();
  }

  #end(member: Member, reason: string): void {
    if (this.#closed || member.phase === "ended") return;
    const { call, killed, phase } = member;
    this.#discard(member);
    if (!killed) this.#events.crashed(reason);
    if (phase === "loading") this.#endedWhileLoading(reason);
    if (call !== undefined) {
      this.#running.delete(call.call);
      this.#events.done(call.call, { status: "crashed", reason });
    }
    this.#startForWaiting();
  }

  #endedWhileLoading(reason: string): void {
    const failure = {
      file: "",
      message: `the filters' modules ended their thread while loading: ${reason}`,
      hint: "look for process.exit() or an error outside of the filters",
    };
    for (const told of this.#onLoaded.splice(0)) told({ filters: [], failures: [failure] });
    this.#failOneWaiting(failure.message, failure.hint);
  }

  /** Each failed start costs one call, so that a module that broke meanwhile can't make the pool start threads for ever. */
  #failOneWaiting(message: string, hint: string | undefined): void {
    const call = this.#waiting.shift();
    if (call === undefined) return;
    const error = callError("FILTER_LOAD_FAILED", message, call.nodeId, {
      ...(hint !== undefined && { hint }),
    });
    this.#events.done(call.call, { status: "failed", error });
    this.#startForWaiting();
  }
}
