import { EMPTY, type Value } from "@planwire/protocol";
import { NO_SIGNAL, signalOfRecord, type Signal } from "../signal.js";

/** What a leaf reads: nothing, one outcome, or a Record of outcomes in order. */
export type Source<H> =
  | { kind: "empty" }
  | { kind: "value"; handle: H }
  | { kind: "record"; entries: [key: string, source: Source<H>][] };

/** A source on its way through the plan, with what it says to a Branch or Loop. */
export interface Flow<H> {
  source: Source<H>;
  signal: Signal;
}

export function emptyFlow<H>(): Flow<H> {
  return { source: { kind: "empty" }, signal: { stop: true } };
}

export function valueFlow<H>(handle: H, signal: Signal = NO_SIGNAL): Flow<H> {
  return { source: { kind: "value", handle }, signal };
}

export function recordFlow<H>(entries: readonly (readonly [string, Flow<H>])[]): Flow<H> {
  return {
    source: { kind: "record", entries: entries.map(([key, { source }]) => [key, source]) },
    signal: signalOfRecord(entries.map(([key, { signal }]) => [key, signal])),
  };
}

/** The value that a source stands for: Empty, a handle's own value, or a Record of such. */
export function valueOfSource<H>(source: Source<H>, read: (handle: H) => Value): Value {
  switch (source.kind) {
    case "empty":
      return EMPTY;
    case "value":
      return read(source.handle);
    case "record":
      return {
        type: "Record",
        data: source.entries.map(([key, entry]) => [key, valueOfSource(entry, read)]),
      };
  }
}
