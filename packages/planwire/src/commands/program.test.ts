import { isPlanwireError } from "@planwire/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Screen } from "./print/screen.js";
import { openStdout } from "./print/stdout.js";
import { styleFor } from "./print/style.js";
import { buildProgram } from "./program.js";
import { isAnswered, usageError } from "./usage-error.js";
import { Writable } from "node:stream";

const style = styleFor({}, {});
const nowhere = new Writable({ write: (_piece, _encoding, done) => done() });
const screen: Screen = {
  out: openStdout(nowhere),
  say: () => {},
  sayStyle: style,
  bars: undefined,
};

async function run(...args: string[]): Promise<unknown> {
  try {
    await buildProgram(screen).parseAsync(args, { from: "user" });
    return undefined;
  } catch (error) {
    return isAnswered(error) ? "answered" : usageError(error, args);
  }
}

describe("bad usage says what is wrong and what to try", () => {
  test.each([
    ["submitt plan.json", "unknown command 'submitt'", "submit, or planwire --help"],
    [
      "submit plan.json --inputt x",
      "unknown option '--inputt'",
      "--input, or planwire submit --help",
    ],
    ["submit", "missing required argument 'plan'", "planwire submit --help"],
    ["submit a b", "too many arguments", "planwire submit --help"],
    ["stream p.json --chunk 0", "expected a whole number from 1", "planwire stream --help"],
    [
      "stream p.json --format xml",
      "Allowed choices are ndjson, json, csv",
      "planwire stream --help",
    ],
    [
      "coordinator --port 70000",
      "expected a whole number from 0 to 65535",
      "planwire coordinator --help",
    ],
    [
      "coordinator --heartbeat 10",
      "expected a time like 500ms, 10s or 2m",
      "planwire coordinator --help",
    ],
    ["submit p.json --timeout 10", "expected a time like 500ms", "planwire submit --help"],
    ["submit p.json --retries -1", "argument", "planwire submit --help"],
    ["submit p.json --retry-on BAD_LUCK", "expected codes such as", "planwire submit --help"],
    ["submit p.json --durability tape", "Allowed choices are disk, memory", undefined],
    ["worker --slots two", "expected a whole number from 1", "planwire worker --help"],
    ["plans --state done", "expected one of queued, running", "planwire plans --help"],
    ["workers --coordinator", "argument missing", "planwire workers --help"],
    [
      "workers --coordinator ftp://x",
      '"ftp://x" is no coordinator\'s address',
      "--coordinator ws://",
    ],
    ["stream p.json --types a:float", "--types: expected column:type", "--types delay:number"],
    ["submit p.json --input - --states -", "can't both be standard input", "into a file"],
    ["submit nowhere.json", "can't read nowhere.json: there is no such file", undefined],
    ["submit nowhere.ts", "can't read nowhere.ts: there is no such file", undefined],
  ])("planwire %s", async (line, message, hint) => {
    const error = await run(...line.split(" "));
    expect(isPlanwireError(error, "BAD_USAGE") && error.message).toContain(message);
    if (hint !== undefined) expect(isPlanwireError(error) && error.hint).toContain(hint);
  });

  test("a bare planwire lacks a command", async () => {
    const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const error = await run();
    written.mockRestore();
    expect(isPlanwireError(error, "BAD_USAGE") && error.message).toBe("a command is missing");
  });
});

describe("help", () => {
  let text = "";
  beforeEach(() => {
    text = "";
    vi.spyOn(process.stdout, "write").mockImplementation((piece) => {
      text += String(piece);
      return true;
    });
  });
  afterEach(() => void vi.restoreAllMocks());

  const names = buildProgram(screen).commands.map((command) => command.name());

  test.each(names)("planwire %s --help has examples", async (name) => {
    expect(await run(name, "--help")).toBe("answered");
    expect(text).toMatch(new RegExp(`\\n +(.*\\| )?(PLANWIRE_\\S+ )*planwire ${name}`));
  });

  test("planwire --help lists every command", async () => {
    await run("--help");
    for (const name of names) expect(text).toMatch(new RegExp(`^ +${name} `, "m"));
  });
});

test("every flag that scripts rely on is there", () => {
  const flags = Object.fromEntries(
    buildProgram(screen).commands.map((command) => [
      command.name(),
      command.options.map((option) => option.long),
    ]),
  );
  const relied: Record<string, string[]> = {
    coordinator: [
      "--host",
      "--port",
      "--store",
      "--token",
      "--allow-origin",
      "--heartbeat",
      "--heartbeat-timeout",
      "--log",
      "--json",
    ],
    worker: ["--coordinator", "--id", "--filters", "--tags", "--slots", "--token", "--json"],
    dev: ["--filters", "--workers", "--port", "--store"],
    submit: ["--input", "--states", "--detach", "--json"],
    stream: ["--input", "--states", "--chunk", "--format", "--types"],
    workers: ["--json"],
  };
  for (const [name, expected] of Object.entries(relied)) {
    expect(flags[name]).toEqual(expect.arrayContaining(expected));
  }
});
