import type { Outcome } from "../messages/client.js";
import type { Message } from "../messages/message.js";
import type { PlanResult } from "../result.js";
import type { SerializedPlan } from "../serialized-plan.js";
import type { Value } from "../value.js";

/** Whether a message holds Bytes, Object or Tensor, at any depth. Looks only where a message can hold values. */
export function holdsTypedValues(message: Message): boolean {
  switch (message.type) {
    case "AssignPlan":
    case "Submit":
    case "StreamBegin":
      return planHolds(message.plan);
    case "PlanResult":
    case "StreamComplete":
      return resultHolds(message.result);
    case "ChunkData":
    case "ChunkResult":
      return valueHolds(message.value);
    case "Got":
      return message.outcome !== undefined && outcomeHolds(message.outcome);
    case "PlanEvent":
      return message.event.kind === "Finished" && outcomeHolds(message.event.outcome);
    default:
      return false;
  }
}

function valueHolds(value: Value | null | undefined): boolean {
  switch (value?.type) {
    case "Tensor":
    case "Bytes":
    case "Object":
      return true;
    case "Record":
      return value.data.some(([, member]) => valueHolds(member));
    default:
      return false;
  }
}

function planHolds({ input, mode, filters, bindings }: SerializedPlan): boolean {
  if (input?.source === "Inline" && valueHolds(input.value)) return true;
  if (
    input?.source === "Reference" &&
    input.data_ref.type === "Inline" &&
    valueHolds(input.data_ref.value)
  )
    return true;
  if (typeof mode === "object" && mode !== null && valueHolds(mode.Fit.y)) return true;
  return [filters, bindings].some((owners) => owners?.some(({ state }) => valueHolds(state)));
}

function resultHolds(result: PlanResult): boolean {
  return result.status === "Success" && (valueHolds(result.output) || statesHold(result.states));
}

function outcomeHolds(outcome: Outcome): boolean {
  return (
    outcome.status === "Succeeded" && (valueHolds(outcome.output) || statesHold(outcome.states))
  );
}

function statesHold(states: Readonly<Record<string, Value>> | null | undefined): boolean {
  return Object.values(states ?? {}).some(valueHolds);
}
