import type { EventNumber, PlanEvent } from "@planwire/protocol";
import type { Fact } from "./facts.js";
import type { Ledger } from "./ledger.js";
import { complain, type Owed, type Rule } from "./rule.js";

interface Feed {
  readonly client: string;
  readonly planId: string;
  last: EventNumber | undefined;
  /** What must never be left out. */
  readonly durable: Set<string>;
}

/** Who reads an execution's events gets each once and in order, to the last one; of those that the disk knows of, all. */
export class Feeds implements Rule {
  readonly #ledger: Ledger;
  readonly #open = new Map<string, Feed>();
  /** Ids that may stand for two executions. */
  readonly #forgotten = new Set<string>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  see(fact: Fact): void {
    switch (fact.type) {
      case "feedOpened":
        this.#open.set(`${fact.peer.process} ${fact.feed}`, {
          client: fact.peer.process,
          planId: fact.planId,
          last: undefined,
          durable: new Set(),
        });
        return;
      case "feedTold": {
        const key = `${fact.peer.process} ${fact.feed}`;
        const feed = this.#open.get(key);
        if (feed === undefined)
          complain(
            `${fact.peer.process} was told an event of ${fact.event.plan_id} after its last one`,
            fact.event.plan_id,
          );
        const { number, event } = fact.event;
        if (feed.last !== undefined && !isAfter(number, feed.last))
          complain(
            `event ${number.join(".")} of ${feed.planId} was told after ${feed.last.join(".")}`,
            feed.planId,
          );
        feed.last = number;
        feed.durable.add(nameOf(event));
        if (event.kind !== "Finished") return;
        this.#open.delete(key);
        return this.#mustBeWhole(feed);
      }
      case "forgotten":
        this.#forgotten.add(fact.planId);
        return;
      case "feedFailed":
        this.#open.delete(`${fact.peer.process} ${fact.feed}`);
        return;
      case "clientDied":
        for (const [key, { client }] of this.#open)
          if (client === fact.peer.process) this.#open.delete(key);
        return;
      default:
        return;
    }
  }

  /** Whatever else a reader missed, because it read slowly or the coordinator was started anew. */
  #mustBeWhole({ client, planId, durable }: Feed): void {
    const plan = this.#ledger.plans.get(planId);
    if (plan === undefined || this.#forgotten.has(planId)) return;
    const tries = [...plan.parts.values()].flat();
    const expected = [
      "Accepted",
      ...tries.map(({ partId, attempt }) => `AttemptStarted ${partId}/${attempt}`),
      ...tries.flatMap(({ partId, attempt, lost }) =>
        lost === undefined ? [] : [`AttemptLost ${partId}/${attempt}`],
      ),
      ...(plan.cancelledAt === undefined ? [] : ["CancelRequested"]),
    ];
    const missing = expected.find((name) => !durable.has(name));
    if (missing !== undefined)
      complain(`${client} was told of the end of ${planId}, and not of ${missing}`, planId);
  }

  owed(): Owed[] {
    return [...this.#open.values()].map(({ client, planId }) => ({
      what: `${client} reads the events of ${planId} and was not told its end`,
      planId,
    }));
  }
}

function nameOf(event: PlanEvent["event"]): string {
  if (event.kind !== "AttemptStarted" && event.kind !== "AttemptLost") return event.kind;
  return `${event.kind} ${event.part_id}/${event.attempt}`;
}

function isAfter([boot, n]: EventNumber, [otherBoot, other]: EventNumber): boolean {
  return boot > otherBoot || (boot === otherBoot && n > other);
}
