import type { Chance } from "../chance.js";

/** Data that may be anything: what a message is once it has been tampered with. */
export type Raw = unknown;

const NUMBERS: readonly unknown[] = [
  -1,
  -0,
  0.5,
  1e308,
  2 ** 31,
  2 ** 53,
  Number.MAX_SAFE_INTEGER,
  2n ** 63n,
  2n ** 64n - 1n,
  NaN,
  Infinity,
];
const OTHERS: readonly unknown[] = [
  null,
  true,
  "",
  "__proto__",
  "constructor",
  "\u0000",
  "\ud800",
  {},
  [],
  [[]],
  { type: "Error" },
  { __proto__: null, toString: 1 },
];

/** One thing wrong somewhere in a message; what was given stays as it is. */
export function mutate(chance: Chance, message: object): Raw {
  const copy: Raw = structuredClone(message);
  const places = placesIn(copy);
  const { holder, key } = chance.pick(places);
  const tamper = chance.pick(TAMPERINGS);
  tamper(chance, holder, key);
  return copy;
}

type Holder = Record<string, unknown>;
interface Place {
  readonly holder: Holder;
  readonly key: string;
}
type Tampering = (chance: Chance, holder: Holder, key: string) => void;

const TAMPERINGS: readonly Tampering[] = [
  (_chance, holder, key) => void delete holder[key],
  (chance, holder, key) => void (holder[key] = chance.pick(OTHERS)),
  (chance, holder, key) => void (holder[key] = chance.pick(OTHERS)),
  (chance, holder, key) => void (holder[key] = chance.pick(NUMBERS)),
  (chance, holder, key) => void (holder[key] = "x".repeat(chance.pick([512, 513, 20_000]))),
  (chance, holder, key) => void (holder[key] = nested(chance)),
  (chance, holder, key) => void (holder[`extra-${key}`] = chance.pick(OTHERS)),
  (chance, holder, key) => void (holder[key] = [holder[key], chance.pick(NUMBERS)]),
  (_chance, holder) => void (holder["error"] = "an error"),
  (_chance, holder) => void (holder["error"] = null),
];

function nested(chance: Chance): unknown {
  const levels = chance.pick([10, 70, 210, 600]);
  const wrap = chance.pick<(inner: unknown) => unknown>([
    (inner) => [inner],
    (inner) => ({ a: inner }),
    (inner) => ({ Sequence: [inner] }),
    (inner) => ({ type: "Record", data: [["k", inner]] }),
  ]);
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = wrap(value);
  return value;
}

function placesIn(value: unknown, places: Place[] = []): Place[] {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return places;
  const holder = value as Holder;
  for (const key of Object.keys(holder)) {
    places.push({ holder, key });
    placesIn(holder[key], places);
  }
  return places;
}
