import { readFileSync } from "node:fs";
import { Encoder } from "@msgpack/msgpack";
import { encodeFrame, FEATURES, type Message, type MessageType } from "@planwire/protocol";
import type { Chance } from "../chance.js";
import { folded } from "./folded.js";
import { mutate, type Raw } from "./mutate.js";
import { MESSAGE_TYPES, sampleOf, type Names } from "./valid-messages.js";

/** What goes into a socket: a string, or a text frame of bytes that may be no UTF-8, is text. */
export interface Frame {
  readonly data: string | Uint8Array;
  readonly isBinary: boolean;
}

const ALL = new Set(FEATURES);
const encoder = new Encoder({ useBigInt64: true, maxDepth: 10_000, ignoreUndefined: true });

const VECTORS: readonly Frame[] = readFileSync(
  new URL("../../packages/protocol/vectors/frames.jsonl", import.meta.url),
  "utf8",
)
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => {
    const { kind, data } = JSON.parse(line) as { kind: "text" | "binary"; data: string };
    return kind === "text" ? text(data) : binary(Buffer.from(data, "hex"));
  });

/** The next frame of a fuzzed connection. `likely` are the types that this connection may send. */
export function nextFrame(chance: Chance, names: Names, likely: readonly MessageType[]): Frame {
  const types = chance.happens(0.75) ? likely : MESSAGE_TYPES;
  const message = () => sampleOf(chance.pick(types), chance, names);
  const shape = chance.next();
  if (shape < 0.2) return valid(message());
  if (shape < 0.4) return byShape(chance, message(), names);
  if (shape < 0.7) return tampered(chance, message());
  if (shape < 0.75) return chance.pick(VECTORS);
  if (shape < 0.8) return batch(chance, message);
  if (shape < 0.86) return positional(message());
  return raw(chance, chance.happens(0.5) ? valid(message()) : chance.pick(VECTORS));
}

/** As our own peers write it. */
export function valid(message: Message): Frame {
  const data = encodeFrame(message, ALL);
  return { data, isBinary: typeof data !== "string" };
}

/** As peers of ours write a plan that comes again, also in msgpack, where none of them would. */
function byShape(chance: Chance, message: Message, names: Names): Frame {
  if (message.type !== "Submit" && message.type !== "AssignPlan") return valid(message);
  const raw = folded(chance, message, names, json);
  if (chance.happens(0.1)) return binary(encoder.encode(raw));
  return text(json(chance.happens(0.2) ? mutate(chance, raw) : raw));
}

function text(data: string): Frame {
  return { data, isBinary: false };
}

function binary(data: Uint8Array): Frame {
  return { data, isBinary: true };
}

function tampered(chance: Chance, message: Message): Frame {
  if (chance.happens(0.1)) return text(withMemberTwice(chance, json(message)));
  const wrong = mutate(chance, message);
  return chance.happens(0.7) ? text(json(wrong)) : binary(encoder.encode(wrong));
}

/** The last of several equal keys counts. */
function withMemberTwice(chance: Chance, object: string): string {
  const again = chance.pick(['"type":"Pong"', '"request_id":7', '"plan_id":5', '"stream_id":null']);
  return `${object.slice(0, -1)},${again}}`;
}

function batch(chance: Chance, message: () => Message): Frame {
  const length = chance.happens(0.02) ? 4097 : chance.pick([0, 1, 2, 5, 20]);
  if (length > 4096) return text(json(Array.from({ length }, () => ({ type: "Pong" }))));
  const members = Array.from({ length }, (): Raw => {
    if (chance.happens(0.05)) return [message()];
    return chance.happens(0.3) ? mutate(chance, message()) : message();
  });
  return text(json(members));
}

/** As older peers write msgpack: fields in the order of the protocol's page, which is that of the samples, the tag first. */
function positional(message: Message): Frame {
  return binary(encoder.encode(Object.values(message)));
}

function raw(chance: Chance, { data, isBinary }: Frame): Frame {
  const bytes = Uint8Array.from(typeof data === "string" ? Buffer.from(data) : data);
  return chance.pick<() => Frame>([
    () => binary(chance.bytes(chance.int(200))),
    () => text(Buffer.from(chance.bytes(chance.int(200))).toString("latin1")),
    () => asIs(withFlippedBits(chance, bytes), isBinary),
    () => asIs(withFlippedBits(chance, bytes), isBinary),
    () => asIs(bytes.subarray(0, chance.int(bytes.length + 1)), isBinary),
    // The other kind of frame than it should be.
    () => asIs(bytes, !isBinary),
    () => text(""),
    () => binary(new Uint8Array(0)),
    () => text(deepText(chance.pick([300, 20_000]))),
    () => binary(new Uint8Array(chance.pick([300, 20_000])).fill(0x91)),
    // A map and an array that claim more members than there are bytes.
    () => binary(Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff, ...chance.bytes(20))),
    () => binary(Uint8Array.of(0xdd, 0x7f, 0xff, 0xff, 0xff, ...chance.bytes(20))),
  ])();
}

function deepText(levels: number): string {
  return `{"type":"Get","plan_id":${"[".repeat(levels)}${"]".repeat(levels)}}`;
}

/** ws closes a socket whose text is no UTF-8, and rightly; such frames come from `brokenUtf8`, which expects that. */
function asIs(bytes: Uint8Array, isBinary: boolean): Frame {
  return isBinary ? binary(bytes) : text(Buffer.from(bytes).toString("utf8"));
}

export function brokenUtf8(chance: Chance): Frame {
  return { data: Uint8Array.of(...chance.bytes(10), 0xff, 0xc3, 0x28), isBinary: false };
}

function withFlippedBits(chance: Chance, bytes: Uint8Array): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  for (let i = 0; i <= chance.int(4); i++) {
    const at = chance.int(Math.max(1, flipped.length));
    flipped[at] = (flipped[at] ?? 0) ^ (1 << chance.int(8));
  }
  return flipped;
}

/** JSON of anything; what JSON can't hold is left to how JavaScript writes it. */
function json(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === "bigint") return Number(member);
    return member instanceof Uint8Array ? [...member] : member;
  });
}
