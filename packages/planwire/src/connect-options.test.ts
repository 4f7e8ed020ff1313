import { expect, test } from "vitest";
import { readConnectOptions } from "./connect-options.js";

test("a URL alone, options and nothing are all taken", () => {
  expect(readConnectOptions(undefined)).toEqual({});
  expect(readConnectOptions("ws://h:1")).toEqual({ url: "ws://h:1" });
  const url = new URL("ws://h:1");
  expect(readConnectOptions(url)).toEqual({ url });
  expect(readConnectOptions({ url, token: "t" })).toEqual({ url, token: "t" });
});

test.each([
  [{ uri: "ws://h:1" }, "connect() has no option uri"],
  [{ workers: 0 }, "workers must be a whole number from 1, got 0"],
  [{ workers: 1.5 }, "workers must be a whole number from 1, got 1.5"],
  [{ url: "ws://h:1", workers: 2 }, "filters and workers are for connect() without a url"],
  [{ url: "ws://h:1", filters: "f.ts" }, "filters and workers are for connect() without a url"],
])("%o is bad usage", (options, message) => {
  expect(() => readConnectOptions(options as object)).toThrow(
    expect.objectContaining({ code: "BAD_USAGE", message }),
  );
});
