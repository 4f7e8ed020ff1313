import { expect, test } from "vitest";
import { staysUnseen } from "./masking.js";

test.each([
  "ws://127.0.0.1:4111",
  "ws://127.8.0.1/ws",
  "ws://localhost:4111/ws?x=1",
  "ws://LOCALHOST",
  "ws://[::1]:4111",
  "wss://example.org",
])("%s: nothing on the way sees its bytes", (url) => {
  expect(staysUnseen(url)).toBe(true);
});

test.each([
  "ws://example.org",
  "ws://10.0.0.7:4111",
  "ws://localhost.example.org",
  "ws://127.0.0.1.example.org",
  "ws://[fe80::1]",
])("%s: a proxy may sit on the way", (url) => {
  expect(staysUnseen(url)).toBe(false);
});
