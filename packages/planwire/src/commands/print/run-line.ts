import type { RunEvent } from "@planwire/client";
import { durationText } from "./duration.js";
import type { Style } from "./style.js";

/** A line for an event that people want to read; undefined for the rest (progress is drawn, the end is told apart). */
export function runLine(event: RunEvent, style: Style): string | undefined {
  switch (event.type) {
    case "AttemptStarted":
      return event.attempt > 1
        ? `attempt ${event.attempt} on ${event.workerId}`
        : style.dim(`running on ${event.workerId}`);
    case "AttemptLost":
      return style.yellow(
        `attempt ${event.attempt} on ${event.workerId} was lost: ${event.reason}`,
      );
    case "CancelRequested":
      return style.yellow(`cancel requested by ${event.by}`);
    case "NodeCompleted":
      return style.dim(`${event.nodeId} took ${durationText(event.durationMs)}`);
    case "NodeFailed":
      return style.red(`${event.nodeId} failed`); // Why is told with the end.
    case "Log":
      return `${style.bold(event.nodeId)}: ${event.message}`;
    case "EventsLost":
      return style.dim("(some events were dropped)");
    case "Accepted":
    case "NodeStarted":
    case "NodeProgress":
    case "Other":
    case "Finished":
      return undefined;
  }
}
