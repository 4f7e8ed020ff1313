import { filtersIn, isStep, type AnyStep, type FilterDefinition } from "@planwire/plan";
import type { ExecutionSummary, PlanwireError, WorkerSummary } from "@planwire/protocol";
import { PlanStream, type ChunkStream } from "./chunk-stream.js";
import { failure } from "./core/failure.js";
import { withDeadline } from "./deadline.js";
import type { Driver } from "./driver.js";
import { errorOf } from "./error-of-failure.js";
import { freshId } from "./fresh-id.js";
import type {
  CancelReply,
  DrainReply,
  Explanation,
  PlanDocument,
  PlanInfo,
  PlansPage,
  PlansQuery,
  Planwire,
  WorkerInfo,
} from "./planwire.js";
import {
  cancelledError,
  outputAndStates,
  plainOutput,
  resultOf,
  SubmittedRun,
  type Run,
  type RunParts,
} from "./run.js";
import { serializeSubmission, type Work } from "./serialize-submission.js";
import type { SubmitOptions } from "./submit-options.js";

/** Awaited before each submission with the filters that its plan holds: an embedded runtime takes them from here. */
export type OfferFilters = (filters: readonly FilterDefinition[]) => Promise<void>;

export interface ClientHooks {
  readonly offerFilters: OfferFilters | undefined;
  readonly onClosed: (() => Promise<void>) | undefined;
}

const ITS_SIGNAL = "its signal";

type AnySource = AsyncIterable<unknown> | Iterable<unknown>;

// The types of what is submitted are the interface's business; here plans, inputs and outputs are just data. Whatever may throw
// is async and awaits, so that an error's stack goes on to the caller's lines.
export class PlanwireClient implements Planwire {
  readonly #driver: Driver;
  readonly #hooks: ClientHooks;
  #closing: Promise<void> | undefined;

  constructor(driver: Driver, hooks: ClientHooks) {
    this.#driver = driver;
    this.#hooks = hooks;
  }

  async fit<O, S>(
    plan: AnyStep,
    x: unknown,
    y?: unknown,
    options: SubmitOptions = {},
  ): Promise<Run<{ output: O; states: S }>> {
    return await this.#submit(plan, { input: x, fit: { y } }, options, outputAndStates<O, S>);
  }

  async submit<O>(plan: AnyStep | PlanDocument, ...given: unknown[]): Promise<Run<O>> {
    if (isStep(plan)) {
      const [input, options] = given;
      return await this.#submit(plan, { input }, (options ?? {}) as SubmitOptions, plainOutput<O>);
    }
    return await this.#submit(plan, {}, (given[0] ?? {}) as SubmitOptions, plainOutput<O>);
  }

  async run<O>(plan: AnyStep, x: unknown, options: SubmitOptions = {}): Promise<O> {
    const { id, signal, timeoutMs } = options;
    // Under a fresh id nobody need know of the acceptance, but for a signal and a deadline, which begins with it.
    const isOutcomeEnough = isStep(plan) && id === undefined && !signal && timeoutMs === undefined;
    if (!isOutcomeEnough) {
      const run = await this.#submit(plan, { input: x }, options, plainOutput<O>, true);
      return await run.result();
    }
    const serialized = serializeSubmission(plan, { input: x }, options);
    if (this.#hooks.offerFilters) await this.#offer(plan);
    return resultOf(serialized.plan_id, await this.#driver.run(serialized), plainOutput<O>);
  }

  stream<O>(
    plan: AnyStep | PlanDocument,
    source: AnySource,
    options: SubmitOptions = {},
  ): ChunkStream<O> {
    return new PlanStream<O>({
      driver: this.#driver,
      streamId: freshId(),
      plan: serializeSubmission(plan, {}, options),
      source,
      prepare: () => this.#offer(plan),
      signal: options.signal,
      timeoutMs: options.timeoutMs,
    });
  }

  async get(id: string): Promise<Run<unknown>> {
    const reply = await this.#driver.ask({ type: "Get", plan_id: id });
    if ("failure" in reply) throw errorOf(reply.failure);
    const { outcome } = reply.answer;
    return new SubmittedRun({
      driver: this.#driver,
      id,
      outcome: outcome ? Promise.resolve({ outcome }) : this.#driver.follow(id),
      outputOf: plainOutput,
    });
  }

  async cancel(id: string, reason?: string): Promise<CancelReply> {
    const because = reason === undefined ? {} : { reason };
    const reply = await this.#driver.ask({ type: "Cancel", plan_id: id, ...because });
    if ("failure" in reply) throw errorOf(reply.failure);
    const { taken, state } = reply.answer;
    return { taken, state };
  }

  async explain(id: string): Promise<Explanation> {
    const reply = await this.#driver.ask({ type: "Explain", plan_id: id });
    if ("failure" in reply) throw errorOf(reply.failure);
    const { state, reasons } = reply.answer;
    return { state, reasons };
  }

  async workers(): Promise<WorkerInfo[]> {
    const reply = await this.#driver.ask({ type: "ListWorkers" });
    if ("failure" in reply) throw errorOf(reply.failure);
    return reply.answer.workers.map(workerInfoOf);
  }

  async drain(workerId: string, reason?: string): Promise<DrainReply> {
    const because = reason === undefined ? {} : { reason };
    const reply = await this.#driver.ask({ type: "Drain", worker_id: workerId, ...because });
    if ("failure" in reply) throw errorOf(reply.failure);
    const { active_plans: activePlans, active_streams: activeStreams } = reply.answer;
    return { activePlans, activeStreams };
  }

  async plans({ limit = 100, ...query }: PlansQuery = {}): Promise<PlansPage> {
    const reply = await this.#driver.ask({ type: "ListPlans", limit, ...query });
    if ("failure" in reply) throw errorOf(reply.failure);
    const { plans, total } = reply.answer;
    return { plans: plans.map(planInfoOf), total };
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    await this.#driver.close();
    await this.#hooks.onClosed?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #submit<O>(
    plan: AnyStep | PlanDocument,
    work: Work,
    options: SubmitOptions,
    outputOf: RunParts<O>["outputOf"],
    forOutcome = false,
  ): Promise<Run<O>> {
    const { signal } = options;
    if (signal?.aborted) throw abortedError(signal);
    const serialized = serializeSubmission(plan, work, options);
    // Without a hook nothing is awaited: what is submitted in one tick leaves in one frame.
    if (this.#hooks.offerFilters) await this.#offer(plan);
    const id = serialized.plan_id;
    const { accepted, outcome, abandon } = this.#driver.submit(serialized, forOutcome);
    const stopListening = onAbort(signal, () => {
      abandon(failure("CANCELLED", ITS_SIGNAL, { details: { by: ITS_SIGNAL } }));
    });
    const reply = await accepted;
    stopListening();
    if (signal?.aborted && "failure" in reply) throw abortedError(signal);
    if ("failure" in reply) throw errorOf(reply.failure);
    this.#cancelOnAbort(id, signal, outcome);
    const { timeoutMs } = options;
    const inTime = timeoutMs === undefined ? outcome : withDeadline(outcome, timeoutMs);
    return new SubmittedRun({ driver: this.#driver, id, outcome: inTime, outputOf });
  }

  #cancelOnAbort(id: string, signal: AbortSignal | undefined, outcome: Promise<unknown>): void {
    if (!signal) return;
    const cancel = () => this.#cancelSoon(id, ITS_SIGNAL);
    if (signal.aborted) return cancel();
    void outcome.then(onAbort(signal, cancel));
  }

  /** How it went, the run's outcome tells. */
  #cancelSoon(id: string, reason: string): void {
    void this.#driver.ask({ type: "Cancel", plan_id: id, reason });
  }

  async #offer(plan: AnyStep | PlanDocument): Promise<void> {
    if (isStep(plan)) await this.#hooks.offerFilters?.(filtersIn(plan));
  }
}

/** Returns what stops listening. */
function onAbort(signal: AbortSignal | undefined, then: () => void): () => void {
  signal?.addEventListener("abort", then, { once: true });
  return () => signal?.removeEventListener("abort", then);
}

function abortedError(signal: AbortSignal): PlanwireError {
  return cancelledError(`the submission was cancelled by ${ITS_SIGNAL}`, ITS_SIGNAL, signal.reason);
}

function workerInfoOf(worker: WorkerSummary): WorkerInfo {
  const { worker_id, active_plans, active_streams, cpu_cores, heartbeat_age_ms, ...same } = worker;
  const {
    implementation,
    version,
    health,
    health_ms,
    health_reason,
    other_slots,
    calls,
    ...required
  } = same;
  return {
    ...required,
    id: worker_id,
    activePlans: active_plans,
    activeStreams: active_streams,
    cpuCores: cpu_cores,
    heartbeatAgeMs: heartbeat_age_ms,
    health: health ?? "ok",
    otherSlots: other_slots ?? 0,
    calls: (calls ?? []).map(({ in_flight, ...counts }) => ({ ...counts, inFlight: in_flight })),
    ...(health_ms !== undefined && { healthMs: health_ms }),
    ...(health_reason !== undefined && { healthReason: health_reason }),
    ...(implementation !== undefined && { implementation }),
    ...(version !== undefined && { version }),
  };
}

function planInfoOf(summary: ExecutionSummary): PlanInfo {
  const { plan_id, name, finished_at, worker_id, error_code } = summary;
  return {
    id: plan_id,
    kind: summary.kind,
    state: summary.state,
    submittedAt: summary.submitted_at,
    attempts: summary.attempts,
    ...(name !== undefined && { name }),
    ...(finished_at !== undefined && { finishedAt: finished_at }),
    ...(worker_id !== undefined && { workerId: worker_id }),
    ...(error_code !== undefined && { errorCode: error_code }),
  };
}
