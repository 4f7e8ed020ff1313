import type { EventNumber, PlanEvent, WorkerEvent } from "@planwire/protocol";
import type { EventRing } from "./watch-state.js";

// What is kept of an execution's events for who watches later. Accepted, attempts, cancel and the outcome are durable and stay; what workers
// tell is bounded in number and bytes, and of a node's progress the newest says all.

export interface RingLimits {
  readonly maxEvents: number;
  readonly maxEventBytes: number;
}

export function newRing(lost: EventRing["lost"]): EventRing {
  return { kept: NONE, told: 0, toldBytes: 0, lost };
}

export function keep(ring: EventRing, message: PlanEvent, limits: RingLimits): void {
  const outdated = isProgress(message)
    ? ring.kept.findLastIndex((earlier) => isProgressOfSame(earlier, message))
    : -1;
  if (outdated !== -1) remove(ring, outdated);
  if (ring.kept === NONE) ring.kept = [message];
  else ring.kept.push(message);
  count(ring, message, 1);
  while (ring.told > limits.maxEvents || ring.toldBytes > limits.maxEventBytes) {
    const oldest = ring.kept.findIndex(({ event }) => event.kind === "Worker");
    const lost = oldest === -1 ? undefined : remove(ring, oldest);
    if (!lost) return;
    ring.lost = { from: ring.lost?.from ?? lost.number, to: lost.number };
  }
}

function remove(ring: EventRing, index: number): PlanEvent | undefined {
  const [removed] = ring.kept.splice(index, 1);
  if (removed) count(ring, removed, -1);
  return removed;
}

/** Events of our own don't count: they are small, and as few as the attempts. */
function count(ring: EventRing, message: PlanEvent, by: 1 | -1): void {
  if (message.event.kind !== "Worker") return;
  ring.told += by;
  ring.toldBytes += by * weightOf(message.event.event);
}

/** Never written to: an array of its own for one event takes a sixth of what one takes that was empty once. */
const NONE: PlanEvent[] = [];

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

function isProgressOfSame(a: PlanEvent, b: PlanEvent): boolean {
  if (a.event.kind !== "Worker" || b.event.kind !== "Worker") return false;
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

function isAfter([boot, n]: EventNumber, [otherBoot, other]: EventNumber): boolean {
  return boot > otherBoot || (boot === otherBoot && n > other);
}
