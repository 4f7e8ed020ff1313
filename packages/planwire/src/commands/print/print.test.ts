import { PlanwireError, type Outcome } from "@planwire/protocol";
import { describe, expect, test } from "vitest";
import { durationText } from "./duration.js";
import { errorText, toldError, toldWireError } from "./error-text.js";
import { eventLine } from "./event-line.js";
import { finishedLine, lineError } from "./json-lines.js";
import { outcomeText } from "./outcome-text.js";
import { outputText } from "./output-text.js";
import { prettyJson } from "./pretty-json.js";
import { styleFor } from "./style.js";
import { tableText } from "./table.js";

const plain = styleFor({ isTTY: false }, {});

describe("colours", () => {
  test("are for terminals alone, and NO_COLOR turns them off", () => {
    expect(styleFor({ isTTY: true }, {}).red("x")).toBe("\u001b[31mx\u001b[39m");
    expect(styleFor({ isTTY: true }, { NO_COLOR: "1" }).red("x")).toBe("x");
    expect(styleFor({ isTTY: true }, { TERM: "dumb" }).red("x")).toBe("x");
    expect(styleFor({}, {}).red("x")).toBe("x");
  });
});

describe("tables", () => {
  test("are aligned, numbers on the right, without trailing blanks", () => {
    const columns = [
      { title: "NAME", cell: ({ name }: Row) => name },
      { title: "N", cell: ({ n }: Row) => n, right: true },
      { title: "TAGS", cell: ({ tags }: Row) => tags },
    ];
    type Row = { name: string; n: number; tags: string };
    const rows = [
      { name: "a", n: 5, tags: "" },
      { name: "longer", n: 1000, tags: "x" },
    ];
    expect(tableText(rows, columns)).toBe(
      ["NAME       N  TAGS", "a          5", "longer  1000  x"].join("\n"),
    );
  });

  test("a name can't make a row of its own or colour the terminal", () => {
    const columns = [{ title: "NAME", cell: (name: string) => name }];
    expect(tableText(["a\nb\u001b[31m"], columns)).toBe("NAME\na?b?[31m");
  });
});

test.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [1_234, "1.2 s"],
  [60_000, "1 min"],
  [200_000, "3 min 20 s"],
  [5 * 3_600_000 + 120_000, "5 h 2 min"],
  [51 * 3_600_000, "2 d 3 h"],
])("%i ms are told as %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

describe("JSON for people", () => {
  test("stays on a line where it fits, and keeps the digits of integers", () => {
    expect(prettyJson({ a: [1, 2], id: 9007199254740993n })).toBe(
      '{"a":[1,2],"id":9007199254740993}',
    );
  });

  test("is broken where it does not, and says the same", () => {
    const value = { rows: Array.from({ length: 30 }, (_, i) => ({ name: `row ${i}`, i })), n: 1 };
    const text = prettyJson(value);
    expect(JSON.parse(text)).toEqual(value);
    expect(text.split("\n").slice(0, 3)).toEqual([
      "{",
      '  "rows": [',
      '    {"name":"row 0","i":0},',
    ]);
  });
});

describe("output", () => {
  test("text and bytes are as they are, Empty is nothing, a record is an object", () => {
    expect(outputText({ type: "Text", data: "hello" }, false)).toBe("hello\n");
    expect(outputText({ type: "Bytes", data: Uint8Array.of(1) }, false)).toEqual(Uint8Array.of(1));
    expect(outputText({ type: "Empty" }, false)).toBe("");
    const record = { type: "Record", data: [["a", { type: "Text", data: "x" }]] } as const;
    expect(
      outputText({ type: "Record", data: [...record.data].map(([k, v]) => [k, v]) }, false),
    ).toBe('{"a":"x"}\n');
  });

  test("bytes don't go to a terminal", () => {
    expect(outputText({ type: "Bytes", data: Uint8Array.of(1, 2) }, true)).toContain("2 bytes");
  });
});

describe("errors", () => {
  test("are a code, a cause and the next thing to try", () => {
    const error = new PlanwireError("PLAN_REFUSED", "plan.json holds no plan", {
      details: { issues: [{ path: "plan.Sequence[0]", message: "expected an object" }] },
      hint: "planwire submit --help",
    });
    expect(errorText(toldError(error), plain)).toBe(
      [
        "error PLAN_REFUSED: plan.json holds no plan",
        "  at plan.Sequence[0]: expected an object",
        "  try: planwire submit --help",
      ].join("\n"),
    );
  });

  test("from the wire say where, and show the filter's own lines", () => {
    const error = {
      code: "FILTER_ERROR",
      message: "no delay",
      retryable: false,
      node_id: "clean",
      cause: {
        name: "Error",
        message: "no delay",
        stack: "Error: no delay\n    at clean (filters.ts:3:9)\n    at node:internal/x",
      },
    };
    expect(errorText(toldWireError(error), plain)).toBe(
      "error FILTER_ERROR: no delay\n  at node clean\n  at clean (filters.ts:3:9)",
    );
  });

  test("that are no Planwire errors are told as faults, with their stack", () => {
    const { code, details } = toldError(new TypeError("x is undefined"));
    expect(code).toBe("INTERNAL");
    expect(details[0]).toContain("print.test.ts");
    expect(lineError(new TypeError("x"))).toEqual({ code: "INTERNAL", message: "x" });
  });
});

const ended = { worker_id: "w", attempts: 2, duration_ms: 1200 };

describe("ends", () => {
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
  });
});

test("an event's line names its type and fields in snake case", () => {
  const event = {
    type: "NodeCompleted",
    number: [1, 2] as [number, number],
    at: 5,
    partId: "p",
    attempt: 1,
    workerId: "w",
    nodeId: "clean",
    durationMs: 3,
  } as const;
  expect(eventLine("p", event)).toEqual({
    event: "node_completed",
    plan_id: "p",
    number: [1, 2],
    at: 5,
    part_id: "p",
    attempt: 1,
    worker_id: "w",
    node_id: "clean",
    duration_ms: 3,
  });
});
