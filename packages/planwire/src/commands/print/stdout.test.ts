import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { openStdout } from "./stdout.js";

/** A reader that takes a piece only when told to. */
class SlowReader extends Writable {
  readonly taken: string[] = [];
  #next: () => void = () => {};

  constructor() {
    super({ highWaterMark: 4 });
  }

  override _write(piece: Buffer, _: string, done: (error?: Error) => void): void {
    this.#next = () => {
      this.taken.push(piece.toString());
      done();
    };
  }

  take(): void {
    this.#next();
  }

  leave(code: string): void {
    this.destroy(Object.assign(new Error(code), { code }));
  }
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  return (await Promise.race([promise, new Promise((r) => setImmediate(r, pending))])) === pending;
}

test("writing waits for a reader that is behind", async () => {
  const reader = new SlowReader();
  const out = openStdout(reader);
  await out.write("1234");
  const second = out.write("5");
  expect(await isPending(second)).toBe(true);
  reader.take();
  expect(await isPending(second)).toBe(true);
  reader.take();
  await second;
  expect(reader.taken).toEqual(["1234", "5"]);
});

test("when the reader leaves, whoever waits goes on and is told", async () => {
  const reader = new SlowReader();
  const out = openStdout(reader);
  await out.write("1234");
  const second = out.write("5");
  reader.leave("EPIPE");
  await second;
  expect(out.closed.aborted).toBe(true);
  await out.write("6");
  await out.flush();
});

test("a disk that is full is no reader that left", async () => {
  const reader = new SlowReader();
  const out = openStdout(reader);
  await out.write("1234");
  const second = out.write("5");
  reader.leave("ENOSPC");
  await expect(second).rejects.toThrow("ENOSPC");
  await expect(out.write("6")).rejects.toThrow("ENOSPC");
});
