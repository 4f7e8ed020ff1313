import {
  eventsOfRanNodes,
  type EventNumber,
  type PlanEvent,
  type RanNode,
  type WorkerEvent,
} from "@planwire/protocol";
import type { EventRing, RanNodes } from "./watch-state.js";

// What is kept of an execution's events for who watches later. Accepted, attempts, cancel and the outcome are durable and stay; what workers
// tell is bounded in number and bytes, and of a node's progress the newest says all.

export interface RingLimits {
  readonly maxEvents: number;
  readonly maxEventBytes: number;
}

export function newRing(lost: EventRing["lost"]): EventRing {
  return { kept: NONE, told: 0, toldBytes: 0, lost };
}

type Kept = EventRing["kept"][number];

export function keep(ring: EventRing, message: Kept, limits: RingLimits): void {
  const outdated =
    message.type === "PlanEvent" && isProgress(message)
      ? ring.kept.findLastIndex((earlier) => isProgressOfSame(earlier, message))
      : -1;
  if (outdated !== -1) remove(ring, outdated);
  if (ring.kept === NONE) ring.kept = [message];
  else ring.kept.push(message);
  count(ring, message, 1);
  while (ring.told > limits.maxEvents || ring.toldBytes > limits.maxEventBytes) {
    const oldest = ring.kept.findIndex(isTold);
    const lost = oldest === -1 ? undefined : remove(ring, oldest);
    if (!lost) return;
    ring.lost = { from: ring.lost?.from ?? lost.number, to: lastNumberOf(lost) };
  }
}

/** All that is kept, event by event. */
export function eventsIn({ kept }: EventRing): PlanEvent[] {
  return kept.flatMap((one) => (one.type === "PlanEvent" ? [one] : eventsOf(one)));
}

export function eventsOf({
  plan_id,
  number: [boot, first],
  at,
  about,
  ran,
}: RanNodes): PlanEvent[] {
  return eventsOfRanNodes(about.part_id, ran).map((event, index) => ({
    type: "PlanEvent",
    plan_id,
    number: [boot, first + index],
    at,
    event: { kind: "Worker", ...about, event },
  }));
}

const EVENTS_OF_A_NODE = 2;

export function countOf(ran: readonly RanNode[]): number {
  return EVENTS_OF_A_NODE * ran.length;
}

function lastNumberOf(one: Kept): EventNumber {
  if (one.type === "PlanEvent") return one.number;
  const [boot, first] = one.number;
  return [boot, first + countOf(one.ran) - 1];
}

/** Workers told it. Events of our own don't count: they are small, and as few as the attempts. */
function isTold(one: Kept): boolean {
  return one.type === "RanNodes" || one.event.kind === "Worker";
}

function remove(ring: EventRing, index: number): Kept | undefined {
  const [removed] = ring.kept.splice(index, 1);
  if (removed) count(ring, removed, -1);
  return removed;
}

function count(ring: EventRing, one: Kept, by: 1 | -1): void {
  if (one.type === "RanNodes") {
    ring.told += by * countOf(one.ran);
    for (const [nodeId] of one.ran) ring.toldBytes += by * (OVERHEAD + nodeId.length);
  } else if (one.event.kind === "Worker") {
    ring.told += by;
    ring.toldBytes += by * weightOf(one.event.event);
  }
}

/** Never written to: an array of its own for one event takes a sixth of what one takes that was empty once. */
const NONE: EventRing["kept"] = [];

const OVERHEAD = 100;

/** Roughly in bytes. */
function weightOf(event: WorkerEvent): number {
  let weight = OVERHEAD;
  for (const key of Object.keys(event)) {
    const value = event[key];
    weight += key.length + (typeof value === "string" ? value.length : 8);
    if (typeof value === "object" && value !== null) weight += JSON.stringify(value).length;
  }
  return weight;
}

function isProgress({ event }: PlanEvent): boolean {
  return event.kind === "Worker" && event.event.event_type === "NodeProgress";
}

function isProgressOfSame(a: Kept, b: PlanEvent): boolean {
  if (a.type !== "PlanEvent" || a.event.kind !== "Worker" || b.event.kind !== "Worker")
    return false;
  const [one, other] = [a.event.event, b.event.event];
  return (
    one.event_type === "NodeProgress" &&
    other.event_type === "NodeProgress" &&
    one["node_id"] === other["node_id"] &&
    a.event.part_id === b.event.part_id
  );
}

/** Of the events that are kept, those after `from`, and in its place what was lost. */
export function keptAfter(
  kept: readonly PlanEvent[],
  lost: EventRing["lost"],
  from: EventNumber | undefined,
  about: Pick<PlanEvent, "plan_id" | "at">,
): PlanEvent[] {
  const after = kept.filter(({ number }) => !from || isAfter(number, from));
  if (!lost || (from && !isAfter(lost.to, from))) return after;
  const event = {
    kind: "EventsLost",
    from: from && isAfter(from, lost.from) ? from : lost.from,
    to: lost.to,
  } as const;
  const gap: PlanEvent = { type: "PlanEvent", ...about, number: lost.to, event };
  const index = after.findIndex(({ number }) => isAfter(number, lost.to));
  return index === -1 ? [...after, gap] : after.toSpliced(index, 0, gap);
}

export function isAfter([boot, n]: EventNumber, [otherBoot, other]: EventNumber): boolean {
  return boot > otherBoot || (boot === otherBoot && n > other);
}
