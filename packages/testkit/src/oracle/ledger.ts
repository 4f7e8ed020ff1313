import type { Change, StoredExecution, Write } from "@planwire/coordinator/core";
import type { Outcome, PlanResult, SerializedPlan } from "@planwire/protocol";
import { complain } from "./rule.js";

/** One try of a part, as the disk has it. */
export interface LedgerAttempt {
  readonly partId: string;
  readonly attempt: number;
  readonly workerId: string;
  /** The worker's process. */
  readonly incarnation: string | undefined;
  /** It was decided no earlier: a slow disk may have it much later. */
  readonly assignedAt: number;
  lost: string | undefined;
  /** It was lost with the isolate or the worker that it ran in. */
  died: boolean;
  /** It cost one of the tries that the plan has. */
  isTry: boolean;
  result: PlanResult | undefined;
}

export interface LedgerPlan {
  readonly planId: string;
  readonly kind: "plan" | "stream";
  readonly plan: SerializedPlan;
  /** By part id, oldest first. */
  readonly parts: Map<string, LedgerAttempt[]>;
  cancelledAt: number | undefined;
  outcome: Outcome | undefined;
}

/** What the disk holds, kept from what was seen to land on it; and what must never land. */
export class Ledger {
  readonly plans = new Map<string, LedgerPlan>();
  /** By plan: the newest write that was handed over, when, and when at the earliest what it says was decided: after the one before it was. */
  readonly #handedOver = new Map<string, { expects: number; at: number; decidedAt: number }>();

  attempt(partId: string, planId: string, attempt: number): LedgerAttempt | undefined {
    return this.plans
      .get(planId)
      ?.parts.get(partId)
      ?.find((one) => one.attempt === attempt);
  }

  /** Plans that live, that have one of these filters, and that nobody has cancelled. */
  uncancelledWith(filters: ReadonlySet<string>): string[] {
    return [...this.plans.values()].flatMap(({ planId, plan, outcome, cancelledAt }) => {
      const has = plan.bindings?.some(({ uses }) => filters.has(uses)) ?? false;
      return has && outcome === undefined && cancelledAt === undefined ? [planId] : [];
    });
  }

  /** Those that have not ended, whoever knows of them. */
  open(): string[] {
    return [...this.plans.values()].flatMap(({ planId, outcome }) =>
      outcome === undefined ? [planId] : [],
    );
  }

  handOver({ planId, expects }: Write, mono: number): void {
    const before = this.#handedOver.get(planId);
    if (before?.expects === expects) return; // it failed, and is tried again
    this.#handedOver.set(planId, { expects, at: mono, decidedAt: before?.at ?? mono });
  }

  land({ planId, changes }: Write, mono: number): void {
    for (const change of changes) this.#apply(planId, change, mono);
  }

  /** What has landed is there when a coordinator starts, whatever happened to the one before. */
  find(live: readonly StoredExecution[]): void {
    const found = new Map(live.map((stored) => [stored.planId, stored]));
    for (const plan of this.plans.values()) {
      const { planId, parts, cancelledAt, outcome } = plan;
      if (outcome !== undefined) continue;
      const stored = found.get(planId);
      if (stored === undefined) complain(`${planId} is not on disk any more`, planId);
      if (cancelledAt !== undefined && stored.cancelledBy === undefined)
        complain(`the cancel of ${planId} is not on disk any more`, planId);
      const gone = [...parts.values()].flat().find((one) => !isIn(stored, one));
      if (gone !== undefined)
        complain(`${gone.partId}/${gone.attempt} is not on disk as it was written`, planId);
    }
  }

  #apply(planId: string, change: Change, mono: number): void {
    if (change.type === "accept") {
      if (this.plans.has(planId)) complain(`${planId} was accepted twice`, planId);
      const { kind, plan } = change;
      this.plans.set(planId, {
        planId,
        kind,
        plan,
        parts: new Map(),
        cancelledAt: undefined,
        outcome: undefined,
      });
      return;
    }
    const known = this.plans.get(planId);
    if (known === undefined)
      complain(`${change.type} was written of ${planId}, which was never accepted`, planId);
    if (known.outcome !== undefined)
      complain(`${change.type} was written of ${planId} after its end`, planId);
    switch (change.type) {
      case "assign":
        return this.#assign(known, change, this.#handedOver.get(planId)?.decidedAt ?? mono);
      case "started":
        return;
      case "lose":
        return this.#lose(known, change);
      case "takeResult":
        return this.#take(known, change);
      case "wishCancel":
        known.cancelledAt ??= mono;
        return;
      case "finish":
        known.outcome = change.outcome;
        return;
    }
  }

  #assign(
    { planId, plan, parts, cancelledAt }: LedgerPlan,
    { partId, attempt, workerId, incarnation }: Extract<Change, { type: "assign" }>,
    assignedAt: number,
  ): void {
    if (cancelledAt !== undefined)
      complain(`${partId}/${attempt} was assigned after the cancel of ${planId}`, planId);
    const tries = parts.get(partId) ?? [];
    parts.set(partId, tries);
    const last = tries.at(-1);
    if (last !== undefined && last.lost === undefined) {
      complain(`${partId}/${attempt} was assigned while attempt ${last.attempt} is out`, planId);
    }
    // Of a plan that is forgotten with its coordinator each start has numbers of its own.
    const isNew = last === undefined && plan.policy?.durability === "memory";
    if (!isNew && attempt !== (last?.attempt ?? 0) + 1)
      complain(`${partId}/${attempt} follows attempt ${last?.attempt ?? 0}`, planId);
    const open = { lost: undefined, died: false, isTry: false, result: undefined };
    tries.push({ partId, attempt, workerId, incarnation, assignedAt, ...open });
  }

  #lose(plan: LedgerPlan, change: Extract<Change, { type: "lose" }>): void {
    const { reason, cost } = change.loss;
    const attempt = this.#open(plan, change);
    attempt.lost = reason;
    attempt.died = cost === "isolate" || cost === "worker";
    attempt.isTry = attempt.died || cost === "try";
  }

  #take(plan: LedgerPlan, change: Extract<Change, { type: "takeResult" }>): void {
    const { partId, result } = change;
    const taken = plan.parts.get(partId)?.find((one) => one.result !== undefined);
    if (taken !== undefined) complain(`a second result was taken for ${partId}`, plan.planId);
    this.#open(plan, change).result = result;
  }

  #open(
    { planId, parts }: LedgerPlan,
    { type, partId, attempt }: Extract<Change, { partId: string }>,
  ): LedgerAttempt {
    const last = parts.get(partId)?.at(-1);
    if (
      last === undefined ||
      last.attempt !== attempt ||
      last.lost !== undefined ||
      last.result !== undefined
    ) {
      complain(`${type} was written of ${partId}/${attempt}, which is not out`, planId);
    }
    return last;
  }
}

function isIn({ attempts }: StoredExecution, { partId, attempt, lost, result }: LedgerAttempt) {
  const stored = attempts.find((one) => one.partId === partId && one.attempt === attempt);
  if (stored === undefined) return false;
  return (
    (stored.lost === undefined) === (lost === undefined) &&
    (stored.result === undefined) === (result === undefined)
  );
}
