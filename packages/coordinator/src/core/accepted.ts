import type { MessageOf } from "@planwire/protocol";
import type { CoreState } from "./state.js";

export function acceptedMessage(
  { historyId, settings }: CoreState,
  plan_id: string,
  request_id: number,
  existing: boolean,
): MessageOf<"Accepted"> {
  const { coordinatorId: coordinator_id } = settings;
  return { type: "Accepted", request_id, plan_id, history_id: historyId, coordinator_id, existing };
}
