import { Worker as Thread } from "node:worker_threads";
import type { FilterDefinition } from "@planwire/plan";
import { PlanwireError } from "@planwire/protocol";
import type { WorkerLifeEvent } from "../core/effect.js";
import { offerKey, type FilterCall } from "../core/filter-call.js";
import { loadFilters, offerOf } from "../isolate/load-filters.js";
import type { LoadFailure } from "../isolate/messages.js";
import { ownOutcome } from "../isolate/own-buffers.js";
import { notCloneable } from "../isolate/post-outcome.js";
import { CallServer } from "../isolate/serve-calls.js";
import { threadExecArgv } from "../isolate/thread-exec-argv.js";
import { loadFailed } from "./load-failed.js";
import type { FromLink, LinkOptions, ToLink } from "./messages.js";
import { packOutcome, unpackCall } from "./packed.js";
import { BatchPoster } from "./post-in-batches.js";

/** The main thread's side of the link: starts it, and runs inline calls for it. */
export class LinkHost {
  /** Resolves when the filters are loaded, whether a coordinator is there or not. */
  readonly started: Promise<void>;
  /** Resolves when the link thread has ended as it should; rejects when it died. */
  readonly done: Promise<void>;
  readonly #thread: Thread;
  readonly #poster: BatchPoster<ToLink>;
  readonly #calls: CallServer;
  /** Filters that run on this thread, by offerKey. */
  readonly #inline = new Map<string, FilterDefinition>();
  /** Filters of files, which an offer does not replace. */
  readonly #ofFiles = new Set<string>();
  readonly #offers = new Map<number, () => void>();
  readonly #workerId: string;
  readonly #onEvent: (event: WorkerLifeEvent) => void;
  #onReady: () => void = () => {};
  #onFailure: (error: PlanwireError) => void = () => {};
  #nextOffer = 1;

  constructor(
    options: Omit<LinkOptions, "inline">,
    inline: readonly FilterDefinition[],
    onEvent: (event: WorkerLifeEvent) => void,
  ) {
    this.#workerId = options.settings.workerId;
    this.#onEvent = onEvent;
    for (const definition of inline) this.#inline.set(offerKey(definition), definition);
    const workerData: LinkOptions = {
      ...options,
      inline: [...this.#inline.values()].map(asInline),
    };
    this.#thread = new Thread(new URL("./link-thread.js", import.meta.url), {
      name: "planwire-link",
      workerData,
      execArgv: threadExecArgv(),
    });
    this.#poster = new BatchPoster(this.#thread, (message, error) => {
      if (!Array.isArray(message)) throw error;
      const [call, nodeId] = message;
      return packOutcome(call, nodeId, notCloneable(nodeId, error));
    });
    this.#calls = new CallServer(
      (key) => this.#inline.get(key),
      (report) => this.#poster.post({ type: "report", report }),
    );
    this.started = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#onFailure = reject;
    });
    this.done = this.#watch();
  }

  /** Resolves when the coordinator knows these filters. */
  offer(definitions: readonly FilterDefinition[]): Promise<void> {
    const fresh = definitions.filter((definition) => {
      const key = offerKey(definition);
      return !this.#ofFiles.has(key) && this.#inline.get(key) !== definition;
    });
    const news = fresh.filter((definition) => !this.#inline.has(offerKey(definition)));
    for (const definition of fresh) this.#inline.set(offerKey(definition), definition);
    if (news.length === 0) return Promise.resolve();
    const offer = this.#nextOffer++;
    return new Promise((resolve) => {
      this.#offers.set(offer, resolve);
      this.post({ type: "offer", offer, filters: news.map(asInline) });
    });
  }

  post(message: ToLink): void {
    this.#poster.post(message);
  }

  /** Tells all inline calls to stop. */
  abortAll(): void {
    this.#calls.abortAll();
  }

  ref(): void {
    this.#thread.ref();
  }

  unref(): void {
    this.#thread.unref();
  }

  #watch(): Promise<void> {
    const thread = this.#thread;
    thread.on("message", (messages: readonly FromLink[]) => {
      for (const message of messages) this.#take(message);
    });
    return new Promise((resolve, reject) => {
      let failure: PlanwireError | undefined;
      thread.on("error", (cause) => {
        failure = new PlanwireError("INTERNAL", `the worker's link died: ${cause.message}`, {
          cause,
        });
      });
      thread.on("exit", () => {
        this.abortAll();
        for (const resolveOffer of this.#offers.values()) resolveOffer();
        if (failure === undefined) return resolve();
        this.#onFailure(failure);
        reject(failure);
      });
    });
  }

  #take(message: FromLink): void {
    if (Array.isArray(message)) return void this.#run(unpackCall(message, this.#workerId));
    switch (message.type) {
      case "loadInline":
        return void this.#loadInline(message.files);
      case "ready":
        for (const key of message.keys) this.#ofFiles.add(key);
        return this.#onReady();
      case "loadFailed":
        return this.#loadFailed(message.failures);
      case "abort":
        return this.#calls.abort(message.call);
      case "offerDone":
        this.#offers.get(message.offer)?.();
        this.#offers.delete(message.offer);
        return;
      case "areYouThere":
        return this.post({ type: "here" });
      case "notify":
        return this.#onEvent(message.event);
    }
  }

  async #run(call: FilterCall): Promise<void> {
    const { message: outcome, transfer } = ownOutcome(await this.#calls.run(call));
    this.#poster.post(packOutcome(call.call, call.nodeId, outcome), transfer);
  }

  async #loadInline(files: readonly string[]): Promise<void> {
    const { definitions, failures } = await loadFilters(files);
    for (const [key, definition] of definitions) {
      if (definition.isolate === "inline") this.#inline.set(key, definition);
    }
    this.#poster.post({ type: "inlineLoaded", failures });
  }

  #loadFailed(failures: readonly LoadFailure[]): void {
    for (const { file, message, hint } of failures) {
      this.#onEvent({ type: "filterLoadFailed", file, message, hint });
    }
    const [first] = failures;
    if (first === undefined) return;
    this.#onFailure(loadFailed(first));
  }
}

function asInline(definition: FilterDefinition) {
  return { ...offerOf(definition), isolate: "inline" as const };
}
