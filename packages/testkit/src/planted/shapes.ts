import { shapeOf, type SerializedPlan } from "@planwire/protocol";
import type { Plant } from "../sim/world.js";
import { coordinator, messageIn } from "./coordinators.js";

// Readers of shapes with one fault each: they take one shape for another.

type Misread = (plan: SerializedPlan, other: SerializedPlan) => SerializedPlan;

/** Now and then a plan that came by its shape is read with what the one before it was read as. */
function misreading(misread: Misread): (plan: SerializedPlan) => SerializedPlan {
  let last: SerializedPlan | undefined;
  let read = 0;
  return (plan) => {
    if (shapeOf(plan) === undefined) return plan;
    const other = last;
    last = plan;
    if (other === undefined || shapeOf(other) === shapeOf(plan)) return plan;
    return ++read % 3 === 0 ? misread(plan, other) : plan;
  };
}

const asTheOther: Misread = ({ plan_id, input, policy }, other) => {
  const { policy: _, ...fixed } = other;
  return { ...fixed, plan_id, input, ...(policy && { policy }) };
};

const withTheOthersStates: Misread = (plan, { bindings: others = [] }) => ({
  ...plan,
  bindings: plan.bindings?.map((binding, i) => ({ ...binding, state: others[i]?.state })),
});

function coordinatorThat(misread: Misread): Plant {
  return coordinator((step) => {
    const read = misreading(misread);
    return (event, now) => {
      const message = messageIn(event, "Submit");
      if (event.type !== "received" || message === undefined) return step(event, now);
      return step({ ...event, message: { ...message, plan: read(message.plan) } }, now);
    };
  });
}

function workerThat(misread: Misread): Plant {
  return {
    worker: (core) => {
      const read = misreading(misread);
      return {
        state: core.state,
        step: (event, now) => {
          if (event.type !== "received" || event.message.type !== "AssignPlan")
            return core.step(event, now);
          const plan = read(event.message.plan);
          return core.step({ ...event, message: { ...event.message, plan } }, now);
        },
      };
    },
  };
}

export const SHAPES: Readonly<Record<string, Plant>> = {
  "takes one for another in the coordinator": coordinatorThat(asTheOther),
  "takes one for another in a worker": workerThat(asTheOther),
  "gives a worker the states of another": workerThat(withTheOthersStates),
};
