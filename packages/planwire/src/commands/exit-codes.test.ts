import { PlanwireError, type ErrorCode } from "@planwire/protocol";
import { expect, test } from "vitest";
import { exitCodeOfError, exitCodeOfOutcome } from "./exit-codes.js";

test.each<[ErrorCode, number]>([
  ["BAD_USAGE", 2],
  ["PLAN_REFUSED", 2],
  ["NO_SUCH_FILTER", 2],
  ["UNAUTHORIZED", 2],
  ["FILTER_LOAD_FAILED", 2],
  ["COORDINATOR_UNREACHABLE", 3],
  ["CANCELLED", 4],
  ["CONNECTION_LOST", 1],
  ["FILTER_ERROR", 1],
  ["STORE_UNAVAILABLE", 1],
  ["PORT_IN_USE", 1],
])("%s exits %i", (code, exit) => {
  expect(exitCodeOfError(new PlanwireError(code, "x"))).toBe(exit);
});

test("what is no Planwire error exits 1", () => {
  expect(exitCodeOfError(new Error("x"))).toBe(1);
});

test("an outcome's status is the exit code", () => {
  const ended = { attempts: 1, duration_ms: 1 };
  const output = { type: "Empty" } as const;
  expect(exitCodeOfOutcome({ status: "Succeeded", output, states: {}, ...ended })).toBe(0);
  const error = { code: "BAD_USAGE", message: "", retryable: false };
  expect(exitCodeOfOutcome({ status: "Failed", error, ...ended })).toBe(1);
  expect(exitCodeOfOutcome({ status: "Cancelled", by: "x", stopped: true, ...ended })).toBe(4);
});
