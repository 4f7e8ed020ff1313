import { describe, expect, test } from "vitest";
import type { Message } from "./messages/message.js";
import { Outbox, type OutboxOptions } from "./outbox.js";
import { isPlanwireError } from "./errors.js";

/** A socket whose owner says when it sends. */
function fakeSocket(options: OutboxOptions = {}) {
  const sent: (string | Uint8Array)[] = [];
  const flushes: (() => void)[] = [];
  const later: (() => void)[] = [];
  let buffered = 0;
  const outbox = new Outbox(
    {
      send: (frame) => {
        sent.push(frame);
        buffered += frame.length;
      },
      bufferedBytes: () => buffered,
      schedule: (flush) => flushes.push(flush),
      scheduleLater: (flush) => later.push(flush),
    },
    options,
  );
  return {
    outbox,
    sent,
    scheduled: () => flushes.length,
    scheduledLater: () => later.length,
    passTime: () => later.splice(0).forEach((flush) => flush()),
    endTick: () => flushes.splice(0).forEach((flush) => flush()),
    sendBytes: (bytes = buffered) => {
      buffered -= bytes;
      outbox.drained();
    },
    takeSent: () => sent.splice(0),
  };
}

const cancel = (plan_id: string): Message => ({ type: "CancelPlan", plan_id });
const text = (plan_id: string) => `{"type":"CancelPlan","plan_id":"${plan_id}"}`;
const withBytes: Message = {
  type: "PlanResult",
  worker_id: "w",
  plan_id: "p",
  result: { status: "Success", output: { type: "Bytes", data: Uint8Array.of(1) }, duration_ms: 0 },
};
const bulk = (length: number, mark = 0) => new Uint8Array(length).fill(mark);

describe("messages that nobody waits for", () => {
  const started: Message = { type: "Started", plan_id: "p", attempt: 1 };

  test("travel with the next one that somebody does, and before it", () => {
    const socket = fakeSocket({ features: ["batch"] });
    socket.outbox.push(started);
    expect(socket.scheduled()).toBe(0);
    socket.outbox.push(cancel("a"));
    socket.endTick();
    expect(socket.takeSent()).toEqual([`[${JSON.stringify(started)},${text("a")}]`]);
    socket.passTime();
    expect(socket.sent).toEqual([]);
  });

  test("travel alone a little later, which is asked for once", () => {
    const socket = fakeSocket({ features: ["batch"] });
    socket.outbox.push(started);
    socket.outbox.push(started);
    expect(socket.scheduledLater()).toBe(1);
    socket.passTime();
    expect(socket.takeSent()).toEqual([`[${JSON.stringify(started)},${JSON.stringify(started)}]`]);
    socket.outbox.push(started);
    expect(socket.scheduledLater()).toBe(1);
  });
});

describe("control messages", () => {
  test("of a long tick go out 64 at a time, before it ends", () => {
    const socket = fakeSocket({ features: ["batch"] });
    for (let i = 0; i < 65; i++) socket.outbox.push(cancel("a"));
    expect(socket.takeSent().map((frame) => JSON.parse(String(frame)).length)).toEqual([64]);
    socket.endTick();
    expect(socket.takeSent()).toEqual([text("a")]);
  });

  test("wait for the end of the tick, which is asked for once", () => {
    const socket = fakeSocket();
    socket.outbox.push(cancel("a"));
    socket.outbox.push(cancel("b"));
    expect(socket.sent).toEqual([]);
    expect(socket.scheduled()).toBe(1);
    socket.endTick();
    expect(socket.takeSent()).toEqual([text("a"), text("b")]);
    socket.outbox.push(cancel("c"));
    socket.endTick();
    expect(socket.sent).toEqual([text("c")]);
  });

  test("of one tick travel in one frame to a peer that takes batches; one alone travels plain", () => {
    const socket = fakeSocket({ features: ["batch"] });
    socket.outbox.push(cancel("a"));
    socket.outbox.push(cancel("b"));
    socket.endTick();
    socket.outbox.push(cancel("c"));
    socket.endTick();
    expect(socket.sent).toEqual([`[${text("a")},${text("b")}]`, text("c")]);
    expect(socket.outbox.sentCount).toBe(3);
  });

  test("are batched only after the handshake told that the peer takes it", () => {
    const socket = fakeSocket();
    socket.outbox.push(cancel("a"));
    socket.outbox.push(cancel("b"));
    socket.endTick();
    socket.outbox.setFeatures(["batch", "typed-values"]);
    socket.outbox.push(cancel("c"));
    socket.outbox.push(cancel("d"));
    socket.endTick();
    expect(socket.sent).toEqual([text("a"), text("b"), `[${text("c")},${text("d")}]`]);
    expect([...socket.outbox.features]).toEqual(["batch", "typed-values"]);
  });

  test("that need msgpack go alone and keep their place", () => {
    const socket = fakeSocket({ features: ["batch", "typed-values"] });
    for (const message of [cancel("a"), cancel("b"), withBytes, cancel("c"), cancel("d")])
      socket.outbox.push(message);
    socket.endTick();
    expect(socket.sent).toEqual([
      `[${text("a")},${text("b")}]`,
      expect.any(Uint8Array),
      `[${text("c")},${text("d")}]`,
    ]);
    expect(socket.outbox.sentCount).toBe(5);
  });

  test("are split over frames by count and by length", () => {
    const byCount = fakeSocket({ features: ["batch"], batchMessages: 2 });
    for (const id of ["a", "b", "c"]) byCount.outbox.push(cancel(id));
    byCount.endTick();
    expect(byCount.sent).toEqual([`[${text("a")},${text("b")}]`, text("c")]);

    const byLength = fakeSocket({ features: ["batch"], batchLength: 100 });
    for (const id of ["a", "b", "c".repeat(200), "d", "e"]) byLength.outbox.push(cancel(id));
    byLength.endTick();
    expect(byLength.sent).toEqual([
      `[${text("a")},${text("b")}]`,
      text("c".repeat(200)),
      `[${text("d")},${text("e")}]`,
    ]);
  });

  test("that can't be written are refused at once and nothing of them is queued", () => {
    const socket = fakeSocket({ features: ["batch"] });
    socket.outbox.push(cancel("a"));
    const refuse = () =>
      socket.outbox.push({
        type: "Submit",
        request_id: 1,
        plan: { plan_id: "p", plan: "Empty", metadata: 2n ** 70n },
      });
    expect(refuse).toThrow(
      expect.toSatisfy((error) => isPlanwireError(error, "VALUE_UNSUPPORTED")),
    );
    socket.endTick();
    expect(socket.sent).toEqual([text("a")]);
  });
});

describe("stream frames", () => {
  test("go behind control, whatever was queued first", () => {
    const socket = fakeSocket();
    socket.outbox.pushBulk(bulk(1));
    socket.outbox.push(cancel("a"));
    socket.endTick();
    expect(socket.sent).toEqual([text("a"), bulk(1)]);
    expect(socket.outbox.sentCount).toBe(2);
  });

  test("are handed over only within the window, in order", () => {
    const socket = fakeSocket({ bulkWindowBytes: 100 });
    for (const mark of [1, 2, 3, 4]) socket.outbox.pushBulk(bulk(50, mark));
    socket.endTick();
    expect(socket.takeSent()).toEqual([bulk(50, 1), bulk(50, 2)]);
    expect(socket.outbox.bulkQueuedBytes).toBe(100);
    socket.sendBytes(50);
    expect(socket.takeSent()).toEqual([bulk(50, 3)]);
    socket.sendBytes();
    expect(socket.takeSent()).toEqual([bulk(50, 4)]);
    expect(socket.outbox.bulkQueuedBytes).toBe(0);
  });

  test("larger than the window go one at a time, when the socket is empty", () => {
    const socket = fakeSocket({ bulkWindowBytes: 100 });
    socket.outbox.pushBulk(bulk(500, 1));
    socket.outbox.pushBulk(bulk(500, 2));
    socket.endTick();
    expect(socket.takeSent()).toEqual([bulk(500, 1)]);
    socket.sendBytes(400);
    expect(socket.takeSent()).toEqual([]);
    socket.sendBytes();
    expect(socket.takeSent()).toEqual([bulk(500, 2)]);
  });

  test("never hold up control: it goes at once, past bulk that waits", () => {
    const socket = fakeSocket({ bulkWindowBytes: 100 });
    for (let i = 0; i < 10; i++) socket.outbox.pushBulk(bulk(100));
    socket.endTick();
    socket.takeSent();
    socket.outbox.push(cancel("a"));
    socket.endTick();
    expect(socket.takeSent()).toEqual([text("a")]);
    socket.sendBytes();
    expect(socket.takeSent()).toEqual([bulk(100)]);
  });
});

describe("counting", () => {
  test("begins behind what was queued before", () => {
    const socket = fakeSocket();
    socket.outbox.push({ type: "Registered", worker_id: "w" });
    socket.outbox.startCounting();
    expect(socket.takeSent()).toHaveLength(1);
    expect(socket.outbox.sentCount).toBe(0);
    socket.outbox.push(cancel("a"));
    socket.outbox.pushBulk(bulk(1));
    expect(socket.outbox.sentCount).toBe(0);
    socket.endTick();
    expect(socket.outbox.sentCount).toBe(2);
  });
});

test("a closed outbox sends nothing more", () => {
  const socket = fakeSocket({ bulkWindowBytes: 1 });
  socket.outbox.push(cancel("a"));
  socket.outbox.pushBulk(bulk(10));
  socket.outbox.pushBulk(bulk(10));
  socket.outbox.close();
  socket.outbox.push(cancel("b"));
  socket.outbox.pushBulk(bulk(10));
  socket.endTick();
  socket.sendBytes();
  expect(socket.sent).toEqual([]);
  expect(socket.outbox.bulkQueuedBytes).toBe(0);
});
