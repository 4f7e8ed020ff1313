import type { PlanEvent } from "@planwire/protocol";
import { expect, test } from "vitest";
import { EventInbox } from "./event-inbox.js";

const event = (n: number, content: PlanEvent["event"]): PlanEvent => ({
  type: "PlanEvent",
  plan_id: "p",
  number: [1, n],
  at: n,
  event: content,
});
const about = { part_id: "p", attempt: 1, worker_id: "w" };
const told = (n: number) =>
  event(n, {
    kind: "Worker",
    ...about,
    event: { event_type: "NodeStarted", run_id: "p", node_id: "f" },
  });
const durable = (n: number) => event(n, { kind: "AttemptStarted", ...about });
const lost = (from: number, to: number) =>
  event(to, { kind: "EventsLost", from: [1, from], to: [1, to] });

/** What is read when this was taken and nothing more comes. */
async function read(capacity: number, ...events: PlanEvent[]): Promise<PlanEvent[]> {
  const inbox = new EventInbox(capacity);
  for (const one of events) inbox.take(one);
  inbox.fail({ code: "CLOSED", message: "closed", retryable: false });
  const found: PlanEvent[] = [];
  for (;;) {
    const next = await inbox.next().catch(() => undefined);
    if (!next) return found;
    found.push(next);
  }
}

test("holds events until they are read", async () => {
  expect(await read(2, told(1), told(2))).toEqual([told(1), told(2)]);
});

test("past its bound the oldest that workers told are dropped, and one EventsLost stands for them", async () => {
  const events = [told(1), told(2), told(3), told(4)];
  expect(await read(2, ...events)).toEqual([lost(1, 2), told(3), told(4)]);
});

test("what is durable is never dropped, and the gaps stand where they are", async () => {
  const events = [durable(1), told(2), told(3), durable(4), told(5), told(6), durable(7)];
  expect(await read(1, ...events)).toEqual([
    durable(1),
    lost(2, 3),
    durable(4),
    lost(5, 5),
    told(6),
    durable(7),
  ]);
});

test("what was lost on the way is one gap with what is dropped here", async () => {
  expect(await read(1, lost(2, 4), told(5), told(6))).toEqual([lost(2, 5), told(6)]);
});

test("room comes free as events are read", async () => {
  const inbox = new EventInbox(2);
  inbox.take(told(1));
  inbox.take(told(2));
  await inbox.next();
  inbox.take(told(3));
  expect([await inbox.next(), await inbox.next()]).toEqual([told(2), told(3)]);
});

test("what waits is read before a failure is thrown", async () => {
  const inbox = new EventInbox(2);
  inbox.take(told(1));
  inbox.fail({ code: "CLOSED", message: "closed", retryable: false });
  expect(await inbox.next()).toEqual(told(1));
  await expect(inbox.next()).rejects.toMatchObject({ code: "CLOSED" });
});
