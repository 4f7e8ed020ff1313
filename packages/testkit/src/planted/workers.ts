import type { JsonValue } from "@planwire/protocol";
import type { WorkerEffect, WorkerEvent, WorkerLike } from "../sim/drives.js";
import type { Now } from "../sim/clock.js";
import type { Plant } from "../sim/world.js";

// Workers with one fault each, as coordinators.ts has them.

type Step = (event: WorkerEvent, now: Now) => WorkerEffect[];

function worker(change: (step: Step, core: WorkerLike) => Step): Plant {
  return {
    worker: (core) => ({
      state: core.state,
      step: change((event, now) => core.step(event, now), core),
    }),
  };
}

/** Takes what its filters say for something else. */
function believing(edit: (data: { [key: string]: JsonValue }) => JsonValue): Plant {
  return worker((step) => (event, now) => {
    if (event.type !== "callDone" || event.outcome.status !== "done") return step(event, now);
    const { value } = event.outcome;
    if (value.type !== "Json" || typeof value.data !== "object") return step(event, now);
    if (value.data === null || Array.isArray(value.data)) return step(event, now);
    const outcome = { status: "done", value: { type: "Json", data: edit(value.data) } } as const;
    return step({ ...event, outcome }, now);
  });
}

export const WORKERS: Readonly<Record<string, Plant>> = {
  "forgets its results with its connection": worker((step, core) => (event, now) => {
    if (event.type === "connectionLost") {
      core.state.unacknowledged.clear();
      core.state.unacknowledgedBytes = 0;
    }
    return step(event, now);
  }),
  "does not send its results again": worker((step) => (event, now) => {
    const effects = step(event, now);
    if (event.type !== "received" || event.message.type !== "Registered") return effects;
    return effects.filter(
      (effect) => effect.type !== "send" || effect.message.type !== "PlanResult",
    );
  }),
  "frees a slot before the stop is confirmed": worker((step, core) => (event, now) => {
    const effects = step(event, now);
    for (const effect of effects) {
      if (effect.type !== "abortCall") continue;
      const call = core.state.calls.get(effect.call);
      if (call !== undefined) core.state.slots.delete(call.walk.run);
    }
    return effects;
  }),
  "says that it stopped when it is told to stop": worker((step) => (event, now) => {
    const effects = step(event, now);
    if (event.type !== "received" || event.message.type !== "CancelPlan") return effects;
    const { plan_id, attempt = 0 } = event.message;
    const result = { status: "Cancelled", duration_ms: 0, stopped: true } as const;
    const message = { type: "PlanResult", worker_id: "w", plan_id, attempt, result } as const;
    return [...effects, { type: "send", message }];
  }),
  "starts some calls twice": worker((step) => (event, now) => {
    const effects = step(event, now);
    return effects.flatMap((effect): WorkerEffect[] =>
      effect.type === "startCall" && effect.call.call % 40 === 0 ? [effect, effect] : [effect],
    );
  }),
  "takes the wrong arm": believing((data) =>
    "branch" in data ? { ...data, branch: data["branch"] === "left" ? "right" : "left" } : data,
  ),
  "makes another pass when it was enough": believing((data) =>
    data["done"] === true ? { ...data, done: false } : data,
  ),
  "runs what was fitted without its state": worker((step) => (event, now) => {
    const effects = step(event, now);
    return effects.map((effect) => {
      if (effect.type !== "startCall") return effect;
      const { state: _, ...call } = effect.call;
      return { ...effect, call };
    });
  }),
  "begins a plan anew when it is assigned twice": worker((step, core) => (event, now) => {
    if (event.type === "received" && event.message.type === "AssignPlan")
      core.state.plans.delete(event.message.plan.plan_id);
    return step(event, now);
  }),
  "never kills what does not stop": worker(
    (step) => (event, now) => step(event, now).filter((effect) => effect.type !== "killCall"),
  ),
};
