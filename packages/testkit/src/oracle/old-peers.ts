import type { Change, Write } from "@planwire/coordinator/core";
import type { Message, MessageOf, SerializedPlan } from "@planwire/protocol";
import { planOfPart } from "../sim/describe-message.js";
import type { Fact, Peer } from "./facts.js";
import type { Ledger, LedgerAttempt } from "./ledger.js";
import { complain, type Owed, type Rule } from "./rule.js";

interface Given {
  readonly partId: string;
  readonly attempt: number;
  isAnswered: boolean;
}

/**
 * What an old worker, one of the inherited wire, may count on. It gets one part at a time and the next one when it has answered, cancelled or not; nothing
 * that is bound to a filter of ours; its silence means nothing; and a cancel ends at once what only it runs.
 */
export class OldPeers implements Rule {
  readonly #ledger: Ledger;
  /** By connection: what it was given. */
  readonly #given = new Map<string, Given[]>();
  readonly #ended = new Set<string>();
  readonly #forgotten = new Set<string>();
  /** Plans under the id of one that was forgotten, of which an old worker got something. */
  readonly #mistakable = new Set<string>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  see(fact: Fact): void {
    switch (fact.type) {
      case "coordinatorDied":
        for (const connection of this.#given.keys()) this.#ended.add(connection);
        return;
      case "oldConnectionEnded":
        this.#ended.add(fact.peer.process);
        return;
      case "coordinatorSays":
        if (fact.peer?.kind === "old") this.#said(fact.peer, fact.message);
        return;
      case "coordinatorHears":
        if (fact.peer.kind === "old") this.#heard(fact.peer, fact.message);
        return;
      case "landed":
        return this.#landed(fact.write);
      case "forgotten":
        this.#forgotten.add(fact.planId);
        return;
      default:
        return;
    }
  }

  /** On an old worker nothing but the connection says which attempt is meant: of those of this part the `nth`, or the last. */
  attemptOf({ process }: Peer, partId: string, nth?: number): number | undefined {
    const given = this.#given.get(process)?.filter((one) => one.partId === partId) ?? [];
    return (nth === undefined ? given.at(-1) : given[nth - 1])?.attempt;
  }

  /**
   * Whether an old worker may have answered for a forgotten plan of the same id: it knows no attempts, and says a late result on
   * whatever connection it has by then.
   */
  mayBeMistaken(planId: string): boolean {
    return this.#mistakable.has(planId);
  }

  owed(): Owed[] {
    return [...this.#given].flatMap(([connection, given]) =>
      this.#ended.has(connection)
        ? []
        : given.flatMap(({ partId, isAnswered }) =>
            isAnswered
              ? []
              : [{ what: `${connection} still runs ${partId}`, planId: planOfPart(partId) }],
          ),
    );
  }

  #said({ process }: Peer, message: Message): void {
    if (message.type !== "AssignPlan") return;
    const { plan } = message;
    const { plan_id: partId } = plan;
    const planId = planOfPart(partId);
    if (this.#forgotten.has(planId)) this.#mistakable.add(planId);
    const before = this.#given.get(process) ?? [];
    this.#given.set(process, before);
    const open = before.find(({ isAnswered }) => !isAnswered);
    if (open !== undefined)
      complain(`${process} gets ${partId} and has not answered for ${open.partId}`, planId);
    const attempt = this.#ledger.plans.get(planId)?.parts.get(partId)?.at(-1)?.attempt ?? 0;
    before.push({ partId, attempt, isAnswered: false });
    mustBeForIt(process, plan, this.#ledger.plans.get(planId)?.plan);
  }

  #heard({ process }: Peer, message: Message): void {
    if (message.type !== "PlanResult") return;
    const given = this.#given.get(process)?.find((one) => isMeant(one, message));
    if (given !== undefined) given.isAnswered = true;
  }

  #landed({ planId, changes }: Write): void {
    for (const change of changes) {
      if (change.type === "lose") this.#lost(planId, change);
      if (change.type === "wishCancel") this.#cancelled(planId);
    }
  }

  #lost(planId: string, { partId, attempt, loss }: Extract<Change, { type: "lose" }>): void {
    for (const [connection, given] of this.#given) {
      const lost = given.find((one) => one.partId === partId && one.attempt === attempt);
      if (lost === undefined || lost.isAnswered || this.#ended.has(connection)) continue;
      complain(
        `${connection} lost ${partId}/${attempt} because ${loss.reason}, and its connection stands`,
        planId,
      );
    }
  }

  #cancelled(planId: string): void {
    const plan = this.#ledger.plans.get(planId);
    if (plan === undefined || plan.outcome !== undefined) return;
    const out = [...plan.parts.values()].flatMap((tries) => tries.slice(-1)).filter(isOut);
    if (out.length > 0 && out.every(({ incarnation }) => incarnation === undefined))
      complain(`${planId} is cancelled, runs on old workers alone, and goes on`, planId);
  }
}

function isOut({ lost, result }: LedgerAttempt): boolean {
  return lost === undefined && result === undefined;
}

function isMeant({ partId, isAnswered }: Given, { plan_id }: MessageOf<"PlanResult">): boolean {
  return partId === plan_id && !isAnswered;
}

function mustBeForIt(
  process: string,
  { plan_id: partId, plan, mode }: SerializedPlan,
  whole: SerializedPlan | undefined,
): void {
  const planId = planOfPart(partId);
  const text = JSON.stringify(plan);
  const bound = whole?.bindings?.find(({ node_id }) => text.includes(JSON.stringify(node_id)));
  if (bound !== undefined)
    complain(`${process} gets ${bound.node_id}, which is bound to ${bound.uses}`, planId);
  const isSingle = plan !== "Empty" && "Execute" in plan;
  if (mode !== "Forward" && !isSingle) complain(`${process} gets ${partId} to fit whole`, planId);
}
