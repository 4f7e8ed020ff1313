import type { EventNumber } from "@planwire/protocol";
import type { Fact } from "./facts.js";
import { complain, type Owed, type Rule } from "./rule.js";

interface Feed {
  readonly client: string;
  readonly planId: string;
  last: EventNumber | undefined;
}

/** Who reads an execution's events gets each once and in order, to the last one. */
export class Feeds implements Rule {
  readonly #open = new Map<string, Feed>();

  see(fact: Fact): void {
    switch (fact.type) {
      case "feedOpened":
        this.#open.set(`${fact.peer.process} ${fact.feed}`, {
          client: fact.peer.process,
          planId: fact.planId,
          last: undefined,
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
        if (event.kind === "Finished") this.#open.delete(key);
        return;
      }
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

  owed(): Owed[] {
    return [...this.#open.values()].map(({ client, planId }) => ({
      what: `${client} reads the events of ${planId} and was not told its end`,
      planId,
    }));
  }
}

function isAfter([boot, n]: EventNumber, [otherBoot, other]: EventNumber): boolean {
  return boot > otherBoot || (boot === otherBoot && n > other);
}
