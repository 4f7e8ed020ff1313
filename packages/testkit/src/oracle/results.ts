import { isDeepStrictEqual } from "node:util";
import type { Change } from "@planwire/coordinator/core";
import type { MessageOf, PlanResult } from "@planwire/protocol";
import type { Fact } from "./facts.js";
import type { OldPeers } from "./old-peers.js";
import { complain, type Rule } from "./rule.js";

/** One result per part is taken: that of the attempt it was taken for, as its worker said it; or what an attempt ends with that is given up for good. */
export class Results implements Rule {
  /** By part and attempt: what workers said; old ones by the connection that they said it on. */
  readonly #said = new Map<string, PlanResult[]>();
  readonly #oldPeers: OldPeers;
  /** By part: the attempt that was acknowledged as taken. */
  readonly #taken = new Map<string, number>();

  constructor(oldPeers: OldPeers) {
    this.#oldPeers = oldPeers;
  }

  see(fact: Fact): void {
    switch (fact.type) {
      case "forgotten":
        for (const partId of this.#taken.keys()) {
          if (planIdOf(partId) === fact.planId) this.#taken.delete(partId);
        }
        return;
      case "workerSays": {
        const { message } = fact;
        if (message.type !== "PlanResult") return;
        return this.#note(message, message.attempt);
      }
      case "coordinatorHears": {
        const { peer, message } = fact;
        if (peer.kind !== "old" || message.type !== "PlanResult") return;
        return this.#note(message, this.#oldPeers.attemptOf(peer, message.plan_id));
      }
      case "landed":
        for (const change of fact.write.changes)
          if (change.type === "takeResult") this.#take(fact.write.planId, change);
        return;
      case "coordinatorSays": {
        const { message } = fact;
        if (message.type !== "ResultAck" || !message.taken) return;
        const taken = this.#taken.get(message.id) ?? message.attempt;
        this.#taken.set(message.id, taken);
        if (taken !== message.attempt)
          complain(
            `the results of attempts ${taken} and ${message.attempt} of ${message.id} were both acknowledged as taken`,
            planIdOf(message.id),
          );
        return;
      }
      default:
        return;
    }
  }

  #note({ plan_id: partId, result }: MessageOf<"PlanResult">, attempt: number | undefined): void {
    const key = keyOf(partId, attempt);
    this.#said.set(key, [...(this.#said.get(key) ?? []), result]);
  }

  #take(
    planId: string,
    { partId, attempt, result }: Extract<Change, { type: "takeResult" }>,
  ): void {
    if (planId.startsWith("x-")) return; // a stream's end is no PlanResult
    if (isOfTheCoordinator(result)) return;
    const said = this.#said.get(keyOf(partId, attempt)) ?? [];
    if (!said.some((one) => isSame(one, result)))
      complain(
        `a result was taken for ${partId}/${attempt} which no worker gave for that attempt`,
        planId,
      );
  }
}

/** Its worker was lost, or had it no more, and it is not tried again. */
function isOfTheCoordinator(result: PlanResult): boolean {
  if (result.status === "Failed")
    return result.code === "WORKER_LOST" || result.code === "POISON_PLAN";
  return result.status === "Cancelled" && (result.how === "lost" || result.how === "queued");
}

function isSame(a: PlanResult, b: PlanResult): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)));
}

function keyOf(partId: string, attempt: number | undefined): string {
  return `${partId} ${attempt ?? "-"}`;
}

function planIdOf(partId: string): string | undefined {
  return partId.split("/", 1)[0];
}
