import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { interruptible, unlessInterrupted } from "./interrupts.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new Promise<string>(() => {});

test("without an interrupt it simply waits", async () => {
  const { signal } = new AbortController();
  expect(await unlessInterrupted(Promise.resolve("done"), signal)).toBe("done");
  await expect(unlessInterrupted(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
});

test("after an interrupt it waits as long as it was told to", async () => {
  const interrupt = new AbortController();
  const waiting = unlessInterrupted(never, interrupt.signal, 1000);
  const failed = expect(waiting).rejects.toThrow("Ctrl-C");
  interrupt.abort(new Error("Ctrl-C"));
  await vi.advanceTimersByTimeAsync(999);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  await failed;
});

test("an answer that comes in that time counts", async () => {
  const interrupt = new AbortController();
  let answer: (text: string) => void = () => {};
  const waiting = unlessInterrupted(
    new Promise<string>((resolve) => (answer = resolve)),
    interrupt.signal,
    1000,
  );
  interrupt.abort(new Error("Ctrl-C"));
  answer("cancelled");
  expect(await waiting).toBe("cancelled");
  expect(vi.getTimerCount()).toBe(0);
});

test("the first signal aborts with CANCELLED, and listeners are gone afterwards", async () => {
  const before = process.listenerCount("SIGTERM");
  const onFirst = vi.fn();
  const ended = interruptible(onFirst, (signal) => unlessInterrupted(never, signal));
  const failed = expect(ended).rejects.toMatchObject({ code: "CANCELLED" });
  process.emit("SIGTERM", "SIGTERM");
  await vi.advanceTimersByTimeAsync(0);
  await failed;
  expect(onFirst).toHaveBeenCalledOnce();
  expect(process.listenerCount("SIGTERM")).toBe(before);
});
