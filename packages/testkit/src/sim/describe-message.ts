import type { Message } from "@planwire/protocol";

/** A message in a line of the log: its type and what it is about. */
export function describeMessage(message: Message): string {
  switch (message.type) {
    case "Submit":
      return `Submit #${message.request_id} ${message.plan.plan_id}`;
    case "AssignPlan":
      return `AssignPlan ${message.plan.plan_id} attempt ${message.attempt ?? "-"}`;
    case "PlanResult": {
      const { result } = message;
      const more = result.status === "Failed" ? ` ${result.code ?? ""}` : "";
      return `PlanResult ${message.plan_id} attempt ${message.attempt ?? "-"} ${result.status}${more}`;
    }
    case "PlanEvent": {
      const { event, number } = message;
      return `PlanEvent ${message.plan_id} ${number.join(".")} ${describeEvent(event)}`;
    }
    case "Event":
      return `Event ${message.plan_id} ${message.event.event_type}`;
    case "Register":
      return `Register ${message.worker_id} ${message.incarnation ?? ""} resume [${(
        message.resume ?? []
      )
        .map((held) => `${held.plan_id}/${held.attempt} ${held.state}`)
        .join(", ")}]`;
    case "ResultAck":
      return `ResultAck ${message.id} attempt ${message.attempt} ${message.taken ? "taken" : "not taken"}`;
    case "CancelAnswer":
      return `CancelAnswer #${message.request_id} ${message.plan_id} ${message.taken ? "taken" : "not taken"} ${message.state}`;
    case "Accepted":
      return `Accepted #${message.request_id} ${message.plan_id}${message.existing ? " existing" : ""}`;
    case "Heartbeat":
      return `Heartbeat handled ${message.handled ?? "-"} held [${(message.held ?? []).map((held) => `${held.plan_id}/${held.attempt}`).join(", ")}]`;
    case "HeartbeatAck":
      return `HeartbeatAck handled ${message.handled}`;
    case "Error":
      return `Error ${message.code} #${message.request_id ?? "-"} ${message.plan_id ?? message.stream_id ?? ""}: ${message.message}`;
    case "StreamComplete":
      return `StreamComplete ${message.stream_id} ${message.result.status}`;
    case "StreamBegin":
      return `StreamBegin ${message.stream_id} ${message.plan_id} attempt ${message.attempt ?? "-"}`;
    default:
      return `${message.type}${idsIn(message)}`;
  }
}

function describeEvent(event: Extract<Message, { type: "PlanEvent" }>["event"]): string {
  switch (event.kind) {
    case "Finished":
      return `Finished ${event.outcome.status}${event.outcome.status === "Failed" ? ` ${event.outcome.error.code}` : ""}`;
    case "AttemptStarted":
      return `AttemptStarted ${event.part_id}/${event.attempt} on ${event.worker_id}`;
    case "AttemptLost":
      return `AttemptLost ${event.part_id}/${event.attempt}: ${event.reason}`;
    default:
      return event.kind;
  }
}

const TOLD: ReadonlySet<string> = new Set([
  "request_id",
  "plan_id",
  "id",
  "stream_id",
  "attempt",
  "dir",
  "chunks",
]);

function idsIn(message: Message): string {
  return Object.entries(message)
    .flatMap(([key, value]) => (TOLD.has(key) ? [` ${key} ${String(value)}`] : []))
    .join("");
}

/** The execution that a message is about, as far as it says. */
export function planOfMessage(message: Message): string | undefined {
  if (message.type === "Submit" || message.type === "AssignPlan")
    return planOfPart(message.plan.plan_id);
  if ("plan_id" in message && message.plan_id !== undefined) return planOfPart(message.plan_id);
  if (message.type === "ResultAck" || message.type === "Recall") return planOfPart(message.id);
  // In a story a stream's execution is named after it.
  if ("stream_id" in message && message.stream_id !== undefined)
    return planOfStream(message.stream_id);
  return message.type === "Heartbeat" || message.type === "HeartbeatAck"
    ? "(heartbeats)"
    : undefined;
}

/** A part's id begins with its plan's. */
export function planOfPart(partId: string): string {
  return partId.split("/", 1)[0] ?? partId;
}

export function planOfStream(streamId: string): string {
  return `x-${streamId}`;
}
