import type { Outcome } from "@planwire/protocol";
import { describe, expect, test } from "vitest";
import { finishedLine } from "./json-lines.js";
import { outcomeText } from "./outcome-text.js";
import { styleFor } from "./style.js";

const plain = styleFor({}, {});

const ended = { worker_id: "w", attempts: 2, duration_ms: 1200 };

describe("ends of runs", () => {
  const succeeded: Outcome = {
    status: "Succeeded",
    output: { type: "Text", data: "x" },
    states: { scale: { type: "Empty" } },
    ...ended,
  };
  const failed: Outcome = {
    status: "Failed",
    error: { code: "FILTER_ERROR", message: "no", retryable: false },
    ...ended,
  };
  const cancelled: Outcome = { status: "Cancelled", by: "Ctrl-C", stopped: true, ...ended };

  test("are lines that scripts rely on", () => {
    expect(finishedLine("p", succeeded)).toEqual({
      event: "finished",
      plan_id: "p",
      status: "Succeeded",
      output: { type: "Text", data: "x" },
      states: { scale: { type: "Empty" } },
      ...ended,
    });
    expect(finishedLine("p", failed)).toMatchObject({
      status: "Failed",
      error: { code: "FILTER_ERROR", message: "no" },
      ...ended,
    });
    expect(finishedLine("p", cancelled)).toMatchObject({
      status: "Cancelled",
      error: { code: "CANCELLED", message: "cancelled by Ctrl-C" },
      ...ended,
    });
  });

  test("are told in words", () => {
    expect(outcomeText("p", succeeded, plain)).toMatch(
      /^succeeded p in 1\.2 s on w after 2 attempts\nfitted scale/,
    );
    expect(outcomeText("p", failed, plain)).toBe(
      "failed p in 1.2 s on w after 2 attempts\nerror FILTER_ERROR: no",
    );
    expect(outcomeText("p", { ...cancelled, stopped: false }, plain)).toContain("still runs");
    const lost: Outcome = { ...cancelled, stopped: false, how: "lost" };
    expect(outcomeText("p", lost, plain)).toContain("nobody knows");
  });
});
