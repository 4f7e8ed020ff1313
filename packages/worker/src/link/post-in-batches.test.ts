import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { expect, test } from "vitest";
import { BatchPoster } from "./post-in-batches.js";

function posting() {
  const { port1, port2 } = new MessageChannel();
  const poster = new BatchPoster<unknown>(port1, () => "instead");
  const received = (): unknown => (receiveMessageOnPort(port2) as { message: unknown }).message;
  return { poster, received };
}

test("what is posted in one turn arrives as one array, and its buffers are gone here", () => {
  const { poster, received } = posting();
  const bytes = Uint8Array.of(1, 2);
  poster.post("first");
  poster.post({ bytes }, [bytes.buffer]);
  poster.flush();
  expect(received()).toEqual(["first", { bytes: Uint8Array.of(1, 2) }]);
  expect(bytes.byteLength).toBe(0);
});

test("a message that can't be cloned is replaced; those beside it arrive with their bytes", () => {
  const { poster, received } = posting();
  const bytes = Uint8Array.of(1, 2);
  poster.post({ bytes }, [bytes.buffer]);
  poster.post(() => {});
  poster.post("last");
  poster.flush();
  expect(received()).toEqual([{ bytes: Uint8Array.of(1, 2) }]);
  expect(received()).toEqual(["instead"]);
  expect(received()).toEqual(["last"]);
});
