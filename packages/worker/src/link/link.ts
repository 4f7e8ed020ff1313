import { WorkerCore } from "../core/core.js";
import type { Effect, WorkerLifeEvent } from "../core/effect.js";
import type { CoreEvent } from "../core/event.js";
import { offerKey, type FilterOffer } from "../core/filter-call.js";
import { findCapabilities, knownCapabilities } from "../detect/capabilities.js";
import type { Loaded, LoadFailure } from "../isolate/messages.js";
import { ownCall } from "../isolate/own-buffers.js";
import type { StartIsolate } from "../isolate/member.js";
import { IsolatePool, type PoolEvents } from "../isolate/pool.js";
import { processStarter } from "../isolate/start-process.js";
import { threadStarter } from "../isolate/start-thread.js";
import { now } from "./clock.js";
import { LoadSampler } from "./load-sampling.js";
import { MainThreadLag } from "./main-thread-lag.js";
import type { FromLink, LinkOptions, ToLink } from "./messages.js";
import { packCall, unpackOutcome } from "./packed.js";
import { CoordinatorSocket, type SocketEvents } from "./socket.js";

export interface LinkHostPort {
  post(message: FromLink, transfer?: readonly ArrayBuffer[]): void;
  flush(): void;
  /** Ends this thread. */
  exit(): void;
}

/** The longest that setTimeout can wait; beyond it would not wait at all. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;
const NOTHING_LOADED: Loaded = { filters: [], failures: [] };

/** Carries out what the core decides: owns the socket, the timer and the pools, and passes inline calls to the main thread. */
export class Link {
  readonly #options: LinkOptions;
  readonly #host: LinkHostPort;
  readonly #core: WorkerCore;
  readonly #threads: IsolatePool;
  readonly #processes: IsolatePool;
  readonly #sampler = new LoadSampler();
  readonly #mainThread: MainThreadLag;
  readonly #events: CoreEvent[] = [];
  #stepping = false;
  #socket: CoordinatorSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #onInlineLoaded: ((failures: readonly LoadFailure[]) => void) | undefined;

  constructor(options: LinkOptions, host: LinkHostPort) {
    this.#options = options;
    this.#host = host;
    this.#mainThread = new MainThreadLag(() => host.post({ type: "areYouThere" }));
    this.#core = new WorkerCore(options.settings);
    const { files, threads } = options;
    const pool = (starter: StartIsolate) =>
      new IsolatePool(starter, threads, this.#poolEvents(), () => performance.now());
    this.#threads = pool(threadStarter(files));
    this.#processes = pool(processStarter(files));
  }

  /** Loads the filters, then connects. */
  async start(): Promise<void> {
    const { files, inline, tags } = this.#options;
    const capabilities = knownCapabilities(tags);
    const found = findCapabilities(capabilities);
    const loaded = files.length > 0 ? await this.#threads.load() : NOTHING_LOADED;
    const failures =
      loaded.failures.length > 0 ? loaded.failures : await this.#loadInline(loaded.filters);
    if (failures.length > 0) {
      this.#host.post({ type: "loadFailed", failures });
      return this.#leave();
    }
    const ofFiles = loaded.filters.map(({ offer }) => offer);
    this.#host.post({ type: "ready", keys: ofFiles.map(offerKey) });
    this.#feed({ type: "start", filters: [...inline, ...ofFiles], capabilities });
    const more = await found;
    if (more === undefined) return;
    if (more.gpus.length > 0) this.#sampler.watchGpus();
    this.#feed({ type: "capabilitiesFound", capabilities: more });
  }

  take(message: ToLink): void {
    if (Array.isArray(message)) {
      return this.#feed({ type: "callDone", call: message[0], outcome: unpackOutcome(message) });
    }
    switch (message.type) {
      case "inlineLoaded":
        return this.#onInlineLoaded?.(message.failures);
      case "offer":
        return this.#feed(message);
      case "report":
        return this.#feed({ type: "callReported", report: message.report });
      case "here":
        return this.#mainThread.answered();
      case "drain":
      case "close":
        return this.#feed(message);
    }
  }

  /** Modules with inline filters are loaded on the main thread, too. */
  #loadInline(
    filters: readonly { readonly offer: FilterOffer; readonly file: string }[],
  ): Promise<readonly LoadFailure[]> | readonly LoadFailure[] {
    const inline = filters.filter(({ offer }) => offer.isolate === "inline");
    if (inline.length === 0) return [];
    const files = [...new Set(inline.map(({ file }) => file))];
    return new Promise((resolve) => {
      this.#onInlineLoaded = resolve;
      this.#host.post({ type: "loadInline", files });
    });
  }

  #feed(event: CoreEvent): void {
    this.#events.push(event);
    if (this.#stepping) return;
    this.#stepping = true;
    // What an event brings about happens at its time.
    const time = now();
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      for (const effect of this.#core.step(next, time)) this.#carryOut(effect);
    }
    this.#stepping = false;
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case "connect":
        return this.#connect(effect.connection);
      case "disconnect":
        return this.#socket?.close(effect.reason);
      case "useFeatures":
        return this.#socket?.useFeatures(effect.features);
      case "send":
        return this.#socket?.send(effect.message);
      case "sendFrame":
        return this.#socket?.sendFrame(effect.frame);
      case "sendBulk":
        return this.#socket?.sendBulk(effect.frame);
      case "startCall":
        return this.#startCall(effect);
      case "abortCall":
        if (effect.isolate === "inline")
          return this.#host.post({ type: "abort", call: effect.call });
        return this.#pool(effect.isolate).abort(effect.call);
      case "killCall":
        return effect.isolate === "inline"
          ? undefined
          : this.#pool(effect.isolate).kill(effect.call);
      case "sampleLoad":
        return this.#sampleLoad();
      case "wakeAt":
        return this.#wakeAt(effect.mono);
      case "offerDone":
        return this.#host.post(effect);
      case "notify":
        return this.#notify(effect.event);
      case "leave":
        return this.#leave();
    }
  }

  #sampleLoad(): void {
    const mainBlockedMs = this.#mainThread.sample(now().mono);
    this.#feed({ type: "sampleLoadDone", load: this.#sampler.sample(), mainBlockedMs });
  }

  #startCall({ call, isolate }: Extract<Effect, { type: "startCall" }>): void {
    if (isolate !== "inline") return this.#pool(isolate).run(call);
    const { message, transfer } = ownCall(call);
    this.#host.post(packCall(message), transfer);
    // Told before it runs: should it take the whole process with it, the coordinator knows which plan did that.
    this.#feed({ type: "startCallDone", call: call.call });
  }

  #pool(isolate: "thread" | "process"): IsolatePool {
    return isolate === "thread" ? this.#threads : this.#processes;
  }

  #poolEvents(): PoolEvents {
    return {
      started: (call) => this.#feed({ type: "startCallDone", call }),
      report: (report) => this.#feed({ type: "callReported", report }),
      done: (call, outcome) => this.#feed({ type: "callDone", call, outcome }),
      loadFailed: ({ failures }) => {
        for (const failure of failures) this.#notify({ type: "filterLoadFailed", ...failure });
      },
      crashed: (reason) => this.#notify({ type: "isolateCrashed", reason }),
    };
  }

  #connect(connection: number): void {
    const random = Math.random;
    const events: SocketEvents = {
      opened: () => this.#feed({ type: "connectDone", connection }),
      message: (message, bytes) => this.#feed({ type: "received", connection, message, bytes }),
      broken: (error, isError) =>
        this.#feed({ type: "receivedBroken", connection, error, isError }),
      frameDone: () => this.#host.flush(),
      ended: (end, wasOpen) => {
        const type = wasOpen ? "connectionLost" : "connectFailed";
        this.#feed({ type, connection, end, random: random() });
      },
    };
    this.#socket = new CoordinatorSocket(this.#options.settings.url, this.#options.token, events);
  }

  #wakeAt(mono: number): void {
    clearTimeout(this.#timer);
    const delay = Math.max(Math.ceil(mono - performance.now()), 0);
    // Woken early the core asks again.
    this.#timer = setTimeout(
      () => this.#feed({ type: "wakeAtDone", random: Math.random() }),
      Math.min(delay, LONGEST_DELAY_MS),
    );
  }

  #notify(event: WorkerLifeEvent): void {
    this.#host.post({ type: "notify", event });
  }

  #leave(): void {
    clearTimeout(this.#timer);
    this.#threads.close();
    this.#processes.close();
    this.#host.flush();
    const socket = this.#socket;
    if (socket === undefined) return this.#host.exit();
    socket.onEnded(() => this.#host.exit());
    socket.close("leaving");
  }
}
