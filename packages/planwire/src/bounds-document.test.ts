// BOUNDS.md is written by hand: this keeps it from falling behind the code.
import { readFileSync } from "node:fs";
import { DEFAULT_LIMITS } from "@planwire/client/core";
import { DEFAULT_SETTINGS, MEMORY_DEFAULTS } from "@planwire/coordinator/core";
import { ERRORS, LIMITS } from "@planwire/protocol";
import { DEFAULTS } from "@planwire/worker/core";
import { describe, expect, test } from "vitest";
import { coordinatorCommand } from "./commands/coordinator.js";
import { openStdout } from "./commands/print/stdout.js";
import { styleFor } from "./commands/print/style.js";
import { workerCommand } from "./commands/worker.js";

const document = readFileSync(new URL("../../../BOUNDS.md", import.meta.url), "utf8");

interface Row {
  readonly name: string;
  readonly value: string;
  readonly setting: string;
  readonly beyond: string;
}

function section(title: string): Row[] {
  const [, text = ""] = document.split(`\n## ${title}\n`);
  const [own = ""] = text.split("\n## ");
  const rows = own.matchAll(/^\| `(\w+)`[^|]*\|([^|]*)\|([^|]*)\|([^|]*)\|$/gm);
  return [...rows].map(([, name = "", value = "", setting = "", beyond = ""]) => ({
    name,
    value: value.trim(),
    setting: setting.trim(),
    beyond: beyond.trim(),
  }));
}

const UNITS = {
  Bytes: [
    ["MiB", 1024 ** 2],
    ["KiB", 1024],
    ["B", 1],
  ],
  Ms: [
    ["d", 86_400_000],
    ["s", 1000],
    ["ms", 1],
  ],
} as const;

/** As people write it: by the unit that the name says. */
function written(name: string, value: number): string {
  const units = name.endsWith("Bytes") ? UNITS.Bytes : name.endsWith("Ms") ? UNITS.Ms : [];
  const unit = units.find(([, size]) => value >= size && value % size === 0);
  return unit ? `${value / unit[1]} ${unit[0]}` : value.toLocaleString("en");
}

const { frameBytes: _frame, chunkBytes: _chunk, ...settings } = DEFAULT_SETTINGS;
const bounds = [
  ["What travels", LIMITS],
  ["Coordinator", { ...settings, ...MEMORY_DEFAULTS }],
  ["Worker", DEFAULTS],
  ["Client", DEFAULT_LIMITS],
] as const;

describe.each(bounds)("BOUNDS.md on %s", (title, defaults) => {
  const rows = new Map(section(title).map((row) => [row.name, row]));

  test.each(Object.entries(defaults))("tells that %s is %d", (name, value) => {
    expect(rows.get(name)).toMatchObject({ value: written(name, value) });
    expect(rows.get(name)?.setting).not.toBe("");
  });

  test("names no bound that is not there, and only errors that are", () => {
    const others = ["frameBytes", "slots", "threads"];
    const gone = [...rows.keys()].filter((name) => !Object.hasOwn(defaults, name));
    expect(gone.filter((name) => !others.includes(name))).toEqual([]);
    const codes = [...rows.values()].flatMap(
      ({ beyond }) => beyond.match(/\b[A-Z]+_[A-Z_]+/g) ?? [],
    );
    expect(codes.filter((code) => !Object.hasOwn(ERRORS, code))).toEqual([]);
  });
});

test("BOUNDS.md names flags that the commands have", () => {
  const screen = {
    out: openStdout(process.stdout),
    say: () => {},
    sayStyle: styleFor({}, {}),
    bars: undefined,
  };
  const known = [coordinatorCommand(screen), workerCommand(screen)].flatMap(({ options }) =>
    options.map(({ long }) => long),
  );
  const named = [...document.matchAll(/`(--[\w-]+)`/g)].map(([, flag]) => flag);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((flag) => !known.includes(flag))).toEqual([]);
});
