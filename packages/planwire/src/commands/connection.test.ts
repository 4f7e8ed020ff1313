import { expect, test } from "vitest";
import { coordinatorUrl } from "./connection.js";

test.each([
  ["ws://127.0.0.1:7420", "ws://127.0.0.1:7420"],
  ["wss://plans.example/base", "wss://plans.example/base"],
  ["http://127.0.0.1:7420", "ws://127.0.0.1:7420"],
  ["https://plans.example", "wss://plans.example"],
  ["127.0.0.1:7420", "ws://127.0.0.1:7420"],
  ["gpu-box:80", "ws://gpu-box:80"],
])("%s means %s", (given, url) => {
  expect(coordinatorUrl(given)).toBe(url);
});

test.each(["", "ftp://host", "ws://", "a b", "127.0.0.1:port"])("%j is no address", (given) => {
  expect(() => coordinatorUrl(given)).toThrow(
    expect.objectContaining({ code: "BAD_USAGE", hint: expect.stringContaining("PLANWIRE_URL") }),
  );
});
