import { expect, test } from "vitest";
import { eventLine } from "./event-line.js";

test("an event's line names its type and fields in snake case", () => {
  const event = {
    type: "NodeCompleted",
    number: [1, 2] as [number, number],
    at: 5,
    partId: "p",
    attempt: 1,
    workerId: "w",
    nodeId: "clean",
    durationMs: 3,
  } as const;
  expect(eventLine("p", event)).toEqual({
    event: "node_completed",
    plan_id: "p",
    number: [1, 2],
    at: 5,
    part_id: "p",
    attempt: 1,
    worker_id: "w",
    node_id: "clean",
    duration_ms: 3,
  });
});
