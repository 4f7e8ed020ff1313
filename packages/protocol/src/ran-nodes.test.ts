import { expect, test } from "vitest";
import { eventsOfRanNodes, ranNodesIn, type RanNode } from "./ran-nodes.js";
import type { WorkerEvent } from "./worker-event.js";

const started = (node_id: string, kind?: string): WorkerEvent => ({
  event_type: "NodeStarted",
  run_id: "p",
  node_id,
  ...(kind !== undefined && { kind }),
});
const completed = (node_id: string, duration = 1): WorkerEvent => ({
  event_type: "NodeCompleted",
  run_id: "p",
  node_id,
  duration,
});

test("nodes that started and completed one after another come back as the same events", () => {
  const ran: RanNode[] = [
    ["a", "fit", 2],
    ["a", "forward", 3],
    ["b", "forward", 0],
  ];
  expect(ranNodesIn(eventsOfRanNodes("p", ran))).toEqual(ran);
  expect(ranNodesIn([])).toEqual([]);
});

test.each<[string, WorkerEvent[]]>([
  ["a node that has only started", [started("a", "forward")]],
  ["an end whose start was told before", [completed("a")]],
  [
    "nodes that run beside each other",
    [started("a", "forward"), started("b", "forward"), completed("a"), completed("b")],
  ],
  [
    "a line between the two",
    [
      started("a", "forward"),
      { event_type: "Log", run_id: "p", node_id: "a", message: "x" },
      completed("a"),
    ],
  ],
  ["the end of another node", [started("a", "forward"), completed("b")]],
  ["a start that does not say what runs", [started("a"), completed("a")]],
  ["what a node runs elsewhere", [started("a", "score"), completed("a")]],
])("events stay what they are where there is %s", (_, events) => {
  expect(ranNodesIn(events)).toBeUndefined();
});
