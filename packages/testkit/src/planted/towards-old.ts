import type { ConnectionId } from "@planwire/protocol";
import type { CoordinatorEffect, CoordinatorLike } from "../sim/drives.js";
import type { Plant } from "../sim/world.js";
import { coordinator, messageIn } from "./coordinators.js";

// Coordinators with one fault each towards workers of the inherited wire.

type Worker = CoordinatorLike["state"]["workers"] extends ReadonlyMap<string, infer W> ? W : never;

function oldWorkersOf({ state }: CoordinatorLike): Worker[] {
  return [...state.workers.values()].filter(
    ({ inherited, conn }) => inherited && conn !== undefined,
  );
}

function resultOf({ workerId }: Worker, plan_id: string, conn: ConnectionId) {
  const result = { status: "Failed", error: "nobody said so", duration_ms: 0 } as const;
  const message = { type: "PlanResult", worker_id: workerId, plan_id, result } as const;
  return { type: "received", conn, message, isError: false, bytes: 0 } as const;
}

export const TOWARDS_OLD: Readonly<Record<string, Plant>> = {
  "acknowledges a result to a worker that knows no acknowledgements": coordinator(
    (step, core) => (event, now) => {
      const message = messageIn(event, "PlanResult");
      const effects = step(event, now);
      if (event.type !== "received" || message === undefined) return effects;
      if (!oldWorkersOf(core).some(({ conn }) => conn === event.conn)) return effects;
      const ack = { type: "ResultAck", id: message.plan_id, attempt: 1, taken: true } as const;
      return [...effects, { type: "send", conn: event.conn, message: ack }];
    },
  ),
  "frees the slot of an old worker when its part is cancelled": coordinator(
    (step, core) => (event, now) => {
      const effects = step(event, now);
      const more = oldWorkersOf(core).flatMap((worker): CoordinatorEffect[] =>
        [...worker.held.values()].flatMap(({ partId, abandoned }) =>
          abandoned && worker.conn !== undefined
            ? step(resultOf(worker, partId, worker.conn), now)
            : [],
        ),
      );
      return [...effects, ...more];
    },
  ),
  "takes an old worker's result on whatever connection it comes": coordinator(
    (step, core) => (event, now) => {
      const message = messageIn(event, "PlanResult");
      if (event.type !== "received" || message === undefined) return step(event, now);
      const holder = oldWorkersOf(core).find(({ held }) => held.has(message.plan_id));
      const holding = holder?.held.get(message.plan_id);
      if (message.attempt !== undefined || holder?.conn === undefined || holding === undefined)
        return step(event, now);
      holding.number ??= 0;
      return step({ ...event, conn: holder.conn }, now);
    },
  ),
  "takes the silence of an old worker for its death": coordinator((step, core) => (event, now) => {
    const effects = step(event, now);
    const silent = oldWorkersOf(core).filter(
      ({ lastSeen, held }) => held.size > 0 && now.mono - lastSeen > 6_000,
    );
    const more = silent.flatMap(({ conn }): CoordinatorEffect[] =>
      conn === undefined ? [] : step({ type: "connectionClosed", conn, reason: "silent" }, now),
    );
    return [...effects, ...more];
  }),
  "gives an old worker a tree as it is": coordinator((step) => {
    let given = 0;
    return (event, now) =>
      step(event, now).map((effect) => {
        if (effect.type !== "send" || effect.message.type !== "AssignPlan") return effect;
        const { message } = effect;
        if (message.attempt !== undefined || ++given % 10 !== 0) return effect;
        const plan = { ...message.plan, plan: { Parallel: [message.plan.plan] } };
        return { ...effect, message: { ...message, plan } };
      });
  }),
};
