import {
  isUntypedReply,
  type ConnectionId,
  type Message,
  type MessageOf,
  type MessageType,
} from "@planwire/protocol";
import type { CoordinatorEffect, CoordinatorEvent, CoordinatorLike } from "../sim/drives.js";
import type { Now } from "../sim/clock.js";
import type { Plant } from "../sim/world.js";

// Coordinators with one fault each. The fault stands between the real core and its shell: it changes what the core is told, what it says,
// or what it remembers.

type Step = (event: CoordinatorEvent, now: Now) => CoordinatorEffect[];
type Write = Extract<CoordinatorEffect, { type: "persist" }>;
type ChangeType = Write["content"]["changes"][number]["type"];

/** A coordinator whose steps are changed. */
export function coordinator(change: (step: Step, core: CoordinatorLike) => Step): Plant {
  return {
    coordinator: (core) => {
      const step = change((event, now) => core.step(event, now), core);
      return {
        get state() {
          return core.state;
        },
        start: (now) => core.start(now),
        step,
      };
    },
  };
}

type Edit = (message: Message) => Message | undefined;

/** Says what becomes of its messages; undefined is not said. */
function saying(edit: () => Edit): Plant {
  return coordinator((step) => {
    const edited = edit();
    return (event, now) =>
      step(event, now).flatMap((effect): CoordinatorEffect[] => {
        if (effect.type !== "send" && effect.type !== "sendBulk") return [effect];
        const message = edited(effect.message);
        return message === undefined ? [] : [{ ...effect, message }];
      });
  });
}

/** Does not say every `nth` message of a type. */
function forgettingToSay(
  type: MessageType,
  nth: number,
  which: (message: Message) => boolean = () => true,
): Plant {
  return saying(() => {
    let said = 0;
    return (message) => {
      if (message.type !== type || !which(message)) return message;
      said += 1;
      return said % nth === 0 ? undefined : message;
    };
  });
}

function hearing<T extends MessageType>(
  type: T,
  edit: (message: MessageOf<T>, conn: ConnectionId, core: CoordinatorLike) => MessageOf<T>,
): Plant {
  return coordinator((step, core) => (event, now) => {
    const message = messageIn(event, type);
    if (event.type !== "received" || message === undefined) return step(event, now);
    return step({ ...event, message: edit(message, event.conn, core) }, now);
  });
}

export function messageIn<T extends MessageType>(
  event: CoordinatorEvent,
  type: T,
): MessageOf<T> | undefined {
  if (event.type !== "received" || isUntypedReply(event.message)) return undefined;
  return event.message.type === type ? (event.message as MessageOf<T>) : undefined;
}

/** Takes writes with such a change for done as soon as they are handed over. */
function believingInWrites(type: ChangeType): Plant {
  return coordinator((step) => {
    const believed = new Set<number>();
    const believe = (effects: CoordinatorEffect[], now: Now): CoordinatorEffect[] =>
      effects.flatMap((effect): CoordinatorEffect[] => {
        if (effect.type !== "persist" || !effect.content.changes.some((one) => one.type === type))
          return [effect];
        believed.add(effect.write);
        const answer = { type: "done" } as const;
        return [
          effect,
          ...believe(step({ type: "persistDone", write: effect.write, answer }, now), now),
        ];
      });
    return (event, now) => {
      if (event.type === "persistDone" && believed.delete(event.write)) return [];
      return believe(step(event, now), now);
    };
  });
}

/** What a part's worker holds, by the coordinator's own books. */
function holdingOf({ state }: CoordinatorLike, conn: ConnectionId, partId: string) {
  const workerId = state.connections.get(conn)?.workerId;
  return workerId === undefined ? undefined : state.workers.get(workerId)?.held.get(partId);
}

export const COORDINATORS: Readonly<Record<string, Plant>> = {
  "says Accepted before the plan is on disk": believingInWrites("accept"),
  "acknowledges results before they are on disk": believingInWrites("takeResult"),
  "tells a cancel before it is on disk": believingInWrites("wishCancel"),
  "tells an end before it is on disk": believingInWrites("finish"),
  "takes whatever attempt a result is of": hearing("PlanResult", (message, conn, core) => {
    const held = holdingOf(core, conn, message.plan_id);
    return held === undefined ? message : { ...message, attempt: held.attempt };
  }),
  "acknowledges a second result as taken": saying(
    () => (message) => (message.type === "ResultAck" ? { ...message, taken: true } : message),
  ),
  "forgets that a slot is free": coordinator((step, core) => {
    let left = 3;
    return (event, now) => {
      const held = new Map([...core.state.workers].map(([id, worker]) => [id, [...worker.held]]));
      const effects = step(event, now);
      for (const [id, before] of held) {
        const worker = core.state.workers.get(id);
        const gone = before.find(([partId]) => worker?.held.has(partId) === false);
        if (worker === undefined || gone === undefined || --left !== 0) continue;
        const [partId, holding] = gone;
        holding.abandoned = true;
        holding.number = undefined;
        worker.held.set(partId, holding);
      }
      return effects;
    };
  }),
  "forgets whom it must still tell what they missed": coordinator((step, core) => (event, now) => {
    if (event.type === "awaitDrainDone") core.state.connections.get(event.conn)?.behind.clear();
    return step(event, now);
  }),
  "tells who read slowly of the end alone": coordinator((step, core) => (event, now) => {
    const behind =
      event.type === "awaitDrainDone" ? core.state.connections.get(event.conn)?.behind : undefined;
    for (const [planId, missed] of behind ?? [])
      behind?.set(planId, { ...missed, onlyOutcome: true });
    return step(event, now);
  }),
  "gives work to whom it has sent away": coordinator((step, core) => (event, now) => {
    const effects = step(event, now);
    for (const worker of core.state.workers.values()) worker.dismissed = undefined;
    return effects.filter((effect) => effect.type !== "send" || effect.message.type !== "Shutdown");
  }),
  "goes on hearing a socket that was replaced": coordinator((step, core) => {
    const workerOf = new Map<ConnectionId, string>();
    /** As if it had come by the socket that its worker has now. */
    const moved = (event: CoordinatorEvent): CoordinatorEvent => {
      if (event.type !== "received") return event;
      const workerId = workerOf.get(event.conn);
      const registering = messageIn(event, "Register");
      if (registering !== undefined) workerOf.set(event.conn, registering.worker_id);
      const worker = workerId === undefined ? undefined : core.state.workers.get(workerId);
      return worker?.conn === undefined ? event : { ...event, conn: worker.conn };
    };
    return (event, now) =>
      step(moved(event), now).filter(
        (effect) => effect.type !== "close" || effect.code !== "SESSION_REPLACED",
      );
  }),
  "acknowledges the copy of a result before the first is on disk": coordinator(
    (step, core) => (event, now) => {
      const message = messageIn(event, "PlanResult");
      if (event.type !== "received" || message?.attempt === undefined) return step(event, now);
      const isHeld = holdingOf(core, event.conn, message.plan_id)?.attempt === message.attempt;
      const effects = step(event, now);
      const connection = core.state.connections.get(event.conn);
      if (isHeld || connection === undefined) return effects;
      connection.said += 1;
      const { plan_id: id, attempt } = message;
      const ack = { type: "ResultAck", id, attempt, taken: false } as const;
      return [...effects, { type: "send", conn: event.conn, message: ack, cause: id }];
    },
  ),
  "frees a slot when it asks for the stop, not when that is confirmed": coordinator(
    (step, core) => (event, now) => {
      const effects = step(event, now);
      for (const effect of effects) {
        if (effect.type !== "send" || effect.message.type !== "CancelPlan") continue;
        const { plan_id: partId } = effect.message;
        const workerId = core.state.connections.get(effect.conn)?.workerId ?? "";
        core.state.workers.get(workerId)?.held.delete(partId);
      }
      return effects;
    },
  ),
  "drops every other cancel": forgettingToSay("CancelPlan", 2),
  "loses the last event on its way to a watcher": forgettingToSay(
    "PlanEvent",
    4,
    (message) => message.type === "PlanEvent" && message.event.kind === "Finished",
  ),
  "does not hear what a worker still runs when that comes back": hearing("Register", (message) => ({
    ...message,
    resume: (message.resume ?? []).filter(({ state }) => state === "finished"),
  })),
  "believes a worker that comes back with an attempt that was lost": coordinator(
    (step, core) => (event, now) => {
      const effects = step(event, now);
      if (messageIn(event, "Register") === undefined) return effects;
      return effects.filter((effect) => {
        if (effect.type !== "send" || effect.message.type !== "CancelPlan") return true;
        const { plan_id: partId, attempt = 0 } = effect.message;
        const workerId = core.state.connections.get(effect.conn)?.workerId ?? "";
        for (const { parts } of core.state.executions.values()) {
          const part = parts.get(partId);
          if (part?.workerId === undefined) continue;
          const worker = core.state.workers.get(part.workerId);
          const holding = worker?.held.get(partId);
          if (holding === undefined) continue;
          worker?.held.delete(partId);
          part.workerId = workerId;
          part.attempt = attempt;
          core.state.workers.get(workerId)?.held.set(partId, { ...holding, attempt });
          return false;
        }
        return true;
      });
    },
  ),
  "gives no lease to what it finds after a restart": {
    coordinator: (core) => ({
      get state() {
        return core.state;
      },
      start: (now) => {
        const effects = core.start(now);
        for (const worker of core.state.workers.values()) worker.lastSeen = -Infinity;
        return effects;
      },
      step: (event, now) => core.step(event, now),
    }),
  },
  "takes its own standing still for the silence of its workers": coordinator(
    (step, core) => (event, now) => {
      const mutable: { sweepAt: number | undefined } = core.state;
      if (event.type === "woken" && mutable.sweepAt !== undefined)
        mutable.sweepAt = Math.max(mutable.sweepAt, now.mono);
      return step(event, now);
    },
  ),
  "finds only half of its plans after a restart": {
    opened: (opened) => ({ ...opened, live: opened.live.filter((_, index) => index % 2 === 0) }),
  },
  "calls every content of an id the same": hearing("Submit", (message, _conn, core) => {
    const known = core.state.executions.get(message.plan.plan_id);
    return known === undefined ? message : { ...message, plan: known.plan };
  }),
  "forgets deadlines": hearing("Submit", (message) => {
    const { timeout_ms: _, ...policy } = message.plan.policy ?? {};
    return { ...message, plan: { ...message.plan, policy } };
  }),
  "tries a plan more often than it may": hearing("Submit", (message) => {
    const policy = { ...message.plan.policy, max_attempts: 6 };
    return { ...message, plan: { ...message.plan, policy } };
  }),
  "loses what was fitted": coordinator(
    (step) => (event, now) =>
      step(event, now).map((effect) => {
        if (effect.type !== "persist") return effect;
        const changes = effect.content.changes.map((change) =>
          change.type === "finish" && change.outcome.status === "Succeeded"
            ? { ...change, outcome: { ...change.outcome, states: {} } }
            : change,
        );
        return { ...effect, content: { ...effect.content, changes } };
      }),
  ),
  "goes on with a plan that another coordinator has": coordinator((step) => (event, now) => {
    if (event.type !== "persistDone" || event.answer.type !== "notOwner") return step(event, now);
    return step({ ...event, answer: { type: "done" } }, now);
  }),
  "calls what may go on stopped": saying(() => (message) => {
    if (message.type !== "PlanEvent" || message.event.kind !== "Finished") return message;
    const { outcome } = message.event;
    if (outcome.status !== "Cancelled") return message;
    return { ...message, event: { kind: "Finished", outcome: { ...outcome, stopped: true } } };
  }),
  "forgets what waited longest": coordinator((step, core) => {
    let lanes = 0;
    return (event, now) => {
      const effects = step(event, now);
      for (const lane of core.state.lanes.values()) {
        const [oldest] = lane.queue;
        if (lane.queue.size < 3 || oldest === undefined || ++lanes % 20 !== 0) continue;
        lane.queue.delete(oldest);
      }
      return effects;
    };
  }),
  "passes every twentieth chunk twice": coordinator((step) => {
    let passed = 0;
    return (event, now) =>
      step(event, now).flatMap((effect): CoordinatorEffect[] =>
        effect.type === "forward" && ++passed % 20 === 0 ? [effect, effect] : [effect],
      );
  }),
  "keeps the end of a stream to itself": forgettingToSay("StreamComplete", 3),
};
