import type { CallId, CallOutcome, CallReport, FilterCall } from "../core/filter-call.js";
import { callError } from "../execute/call-error.js";
import { Member, type IsolateEvents, type StartIsolate } from "./member.js";
import type { FromIsolate, Loaded } from "./messages.js";

/** What the pool's owner is told. Each call gets one `done`. */
export interface PoolEvents {
  /**
   * It runs. Of one that was given ahead this is known when the call before it is answered; it is told again should its isolate turn out to
   * have died just before it began.
   */
  started(call: CallId): void;
  report(report: CallReport): void;
  done(call: CallId, outcome: CallOutcome): void;
  /** An isolate could not load the filters. Of the first one the pool's owner learns by `load()`, too. */
  loadFailed(loaded: Loaded): void;
  /** An isolate died that nobody had asked to. */
  crashed(reason: string): void;
}

/**
 * Isolates that run filters, one call at a time each; started when needed, at most `size` of them. One that dies takes only the call that it
 * ran; the next call gets a fresh one.
 *
 * When all are busy with short calls, they are given some ahead, so that link and thread need not wake each other for every one. What a
 * thread has not begun can be taken back: no call waits behind a long one while another member could run it.
 */
export class IsolatePool {
  readonly #start: StartIsolate;
  readonly #size: number;
  readonly #events: PoolEvents;
  readonly #now: () => number;
  readonly #members = new Set<Member>();
  /** The one that became idle last is taken first: its caches are warm. */
  readonly #idle: Member[] = [];
  /** Who has a call, be it ahead. */
  readonly #given = new Map<CallId, Member>();
  #waiting: FilterCall[] = [];
  readonly #onLoaded: ((loaded: Loaded) => void)[] = [];
  #closed = false;

  /** `now` in milliseconds. */
  constructor(start: StartIsolate, size: number, events: PoolEvents, now: () => number) {
    this.#start = start;
    this.#size = size;
    this.#events = events;
    this.#now = now;
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
    if (member !== undefined) {
      this.#begin(member, call, this.#now());
      return this.#events.started(call.call);
    }
    this.#waiting.push(call);
    this.#startForWaiting();
  }

  /** Tells a call's filter to stop; one that has not begun is dropped. */
  abort(call: CallId): void {
    if (!this.#drop(call)) this.#given.get(call)?.isolate.post({ type: "abort", call });
  }

  /** Ends the isolate that runs this call. */
  kill(call: CallId): void {
    if (this.#drop(call)) return;
    const member = this.#given.get(call);
    if (member === undefined) return;
    this.#requeue(member.ahead.takeBackAll(call));
    // Could one after it not be taken back, it has begun: then this one's answer is on its way, and killing would harm the other.
    const last = member.ahead.newest ?? member.call;
    if (last?.call !== call) return;
    member.killed = true;
    member.isolate.kill();
  }

  /** Ends all isolates; calls under way get no answer. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
    for (const member of this.#members) member.isolate.kill();
  }

  /** Whether the call had not begun. */
  #drop(call: CallId): boolean {
    const index = this.#waiting.findIndex((waiting) => waiting.call === call);
    if (index !== -1) this.#waiting.splice(index, 1);
    else if (this.#given.get(call)?.ahead.takeBack(call)) this.#given.delete(call);
    else return false;
    this.#events.done(call, { status: "dropped" });
    return true;
  }

  #startForWaiting(): void {
    if (this.#members.size >= this.#size) return;
    let loading = 0;
    let waiting = this.#waiting.length;
    for (const { phase, ahead } of this.#members) {
      if (phase === "loading") loading += 1;
      // They may wait behind a long call.
      waiting += ahead.size;
    }
    if (waiting > loading) this.#startOne();
  }

  #startOne(): void {
    const events: IsolateEvents = {
      message: (message) => this.#take(member, message),
      ended: (reason) => this.#end(member, reason),
    };
    const member = new Member(this.#start(events));
    this.#members.add(member);
  }

  #take(member: Member, message: FromIsolate): void {
    if (this.#closed || member.phase === "ended") return;
    switch (message.type) {
      case "loaded":
        return this.#loaded(member, message.loaded);
      case "report":
        if (this.#given.get(message.report.call) === member) this.#events.report(message.report);
        return;
      case "done":
        return this.#done(member, message.call, message.outcome);
    }
  }

  #loaded(member: Member, loaded: Loaded): void {
    for (const told of this.#onLoaded.splice(0)) told(loaded);
    if (loaded.failures.length === 0) return this.#goOn(member);
    this.#events.loadFailed(loaded);
    this.#discard(member);
    const [failure] = loaded.failures;
    this.#failOneWaiting(`${failure?.file}: ${failure?.message}`, failure?.hint);
  }

  #done(member: Member, call: CallId, outcome: CallOutcome): void {
    if (member.call?.call !== call) return;
    this.#given.delete(call);
    // The next calls go out before anyone is told of this one: the thread need not wait for that.
    this.#goOn(member);
    this.#events.done(call, outcome);
  }

  #goOn(member: Member): void {
    const now = this.#now();
    const wasLong = member.isAtLongCall(now);
    member.goOn(now);
    if (!member.killed) this.#supply(member, wasLong, now);
    if (member.call !== undefined) this.#events.started(member.call.call);
  }

  #supply(member: Member, wasLong: boolean, now: number): void {
    if (member.call !== undefined && member.ahead.room === 0) return;
    this.#takeBackBehindLongCalls(member, now);
    if (member.call === undefined) {
      const call = this.#waiting.shift() ?? this.#takeBackOldest();
      if (call === undefined) return this.#rest(member);
      this.#begin(member, call, now);
    }
    if (!wasLong) this.#giveAhead(member);
  }

  #rest(member: Member): void {
    member.phase = "idle";
    this.#idle.push(member);
  }

  #begin(member: Member, call: FilterCall, now: number): void {
    this.#given.set(call.call, member);
    member.begin(call, now);
  }

  /** Its share of what waits, so that others need not take it back. */
  #giveAhead(member: Member): void {
    const { room } = member.ahead;
    if (room === 0 || this.#waiting.length === 0 || !this.#isAllBusy()) return;
    const most = Math.min(room, Math.ceil(this.#waiting.length / this.#size));
    // An input that goes away with its message could not be taken back.
    const unfit = this.#waiting.slice(0, most).findIndex(({ ownsInput }) => ownsInput);
    const calls = this.#waiting.splice(0, unfit === -1 ? most : unfit);
    if (calls.length === 0) return;
    for (const { call } of calls) this.#given.set(call, member);
    member.giveAhead(calls);
  }

  #isAllBusy(): boolean {
    if (this.#members.size < this.#size) return false;
    for (const { phase } of this.#members) if (phase !== "busy") return false;
    return true;
  }

  #takeBackBehindLongCalls(taker: Member, now: number): void {
    for (const member of this.#members) {
      if (member === taker || member.ahead.size === 0 || !member.isAtLongCall(now)) continue;
      this.#requeue(member.ahead.takeBackAll());
    }
  }

  #takeBackOldest(): FilterCall | undefined {
    const having = [];
    for (const { ahead } of this.#members) if (ahead.size > 0) having.push(ahead);
    // Ids grow.
    having.sort((a, b) => (a.oldest?.call ?? 0) - (b.oldest?.call ?? 0));
    for (const ahead of having) {
      const call = ahead.takeBackOldest();
      if (call !== undefined) return call;
    }
    return undefined;
  }

  /** To the front: they have waited longest. */
  #requeue(calls: readonly FilterCall[]): void {
    for (const { call } of calls) this.#given.delete(call);
    this.#waiting.unshift(...calls);
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
    const { ahead, call, killed, phase } = member;
    this.#discard(member);
    this.#requeue(ahead.takeBackAll());
    const hadBegun = killed || !ahead.takeBackCurrent();
    if (call !== undefined && !hadBegun) this.#requeue([call]);
    if (!killed) this.#events.crashed(reason);
    if (phase === "loading") this.#endedWhileLoading(reason);
    if (call !== undefined && hadBegun) {
      this.#given.delete(call.call);
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
