import type { PlanEvent } from "@planwire/protocol";
import { expect, test } from "vitest";
import { EventInbox } from "./event-inbox.js";

const event = (n: number): PlanEvent => ({
  type: "PlanEvent",
  plan_id: "p",
  number: [1, n],
  at: n,
  event: { kind: "Accepted" },
});

test("holds events until they are read", async () => {
  const inbox = new EventInbox(2);
  inbox.take(event(1));
  inbox.take(event(2));
  expect([await inbox.next(), await inbox.next()]).toEqual([event(1), event(2)]);
});

test("past its bound the oldest are dropped, and one EventsLost stands for them", async () => {
  const inbox = new EventInbox(2);
  for (const n of [1, 2, 3, 4]) inbox.take(event(n));
  expect(await inbox.next()).toEqual({
    ...event(2),
    event: { kind: "EventsLost", from: [1, 1], to: [1, 2] },
  });
  expect(await inbox.next()).toEqual(event(3));
  inbox.take(event(5));
  inbox.take(event(6));
  expect(await inbox.next()).toMatchObject({ event: { from: [1, 4], to: [1, 4] } });
  expect([await inbox.next(), await inbox.next()]).toEqual([event(5), event(6)]);
});

test("an EventsLost that is dropped itself keeps its beginning", async () => {
  const inbox = new EventInbox(1);
  inbox.take({ ...event(4), event: { kind: "EventsLost", from: [1, 2], to: [1, 4] } });
  inbox.take(event(5));
  expect(await inbox.next()).toMatchObject({ event: { from: [1, 2], to: [1, 4] } });
});

test("what waits is read before a failure is thrown", async () => {
  const inbox = new EventInbox(2);
  inbox.take(event(1));
  inbox.fail({ code: "CLOSED", message: "closed", retryable: false });
  expect(await inbox.next()).toEqual(event(1));
  await expect(inbox.next()).rejects.toMatchObject({ code: "CLOSED" });
});
