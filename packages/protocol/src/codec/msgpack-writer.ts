import { LIMITS } from "../limits.js";
import type { DType, TypedArray } from "../tensor.js";
import { fits64 } from "./integers.js";
import { unsupported } from "./json-writer.js";
import { SpareBuffers } from "./spare-buffers.js";
import { dtypeOf, EXT_TYPE_OF_DTYPE, littleEndianBytes, paddingAfter } from "./tensor-ext.js";

export interface MsgpackForm {
  /** Bytes as msgpack bin; else as arrays of integers. */
  readonly bin: boolean;
  /** Typed arrays as ext types; else as arrays of numbers. */
  readonly ext: boolean;
}

type Path = (string | number)[];

/** Steps of a path that is too long: where the nest begins is enough to find it. */
const STEPS_TOLD = 8;

const FIRST_SIZE = 16 * 1024;
/** A frame from here on keeps its buffer (no second copy of bulk); below, the buffer is used again. */
const HANDED_OUT = 64 * 1024;
const LONGEST_BY_HAND = 24;
const LONGEST_IN_PLACE = 16 * 1024;
const utf8 = new TextEncoder();

/**
 * Writes msgpack in the named form. Own code, because @msgpack/msgpack writes -0 as 0, integers from 2^32 on as floats
 * when bigints are allowed (an inherited peer refuses a float for a u64), and bytes only as bin.
 * Not reentrant; one instance serves all frames of a thread.
 */
export class MsgpackWriter {
  readonly #spares = new SpareBuffers();
  readonly #first = new ArrayBuffer(FIRST_SIZE);
  #bytes = new Uint8Array(this.#first);
  #view = new DataView(this.#first);
  #at = 0;
  #form: MsgpackForm = { bin: false, ext: false };
  #path: Path = [];

  write(value: unknown, form: MsgpackForm): Uint8Array {
    this.#at = 0;
    this.#form = form;
    this.#path = [];
    this.#any(value);
    if (this.#at < HANDED_OUT) return this.#bytes.slice(0, this.#at);
    const frame = this.#bytes.subarray(0, this.#at);
    this.#spares.lend(frame.buffer);
    this.#use(this.#first);
    return frame;
  }

  /** Takes back the memory of a frame that nobody reads any more; what is no frame of this writer is left alone. */
  takeBack(frame: Uint8Array): void {
    this.#spares.takeBack(frame.buffer);
  }

  #any(value: unknown): void {
    switch (typeof value) {
      case "string":
        return this.#string(value);
      case "number":
        return this.#number(value);
      case "boolean":
        return this.#byte(value ? 0xc3 : 0xc2);
      case "bigint":
        return this.#bigint(value);
      case "undefined":
        return this.#byte(0xc0);
      case "object":
        if (value === null) return this.#byte(0xc0);
        if (Array.isArray(value)) return this.#array(value);
        return ArrayBuffer.isView(value) ? this.#bytesOrView(value) : this.#map(value);
      default:
        throw unsupported(this.#path, typeof value);
    }
  }

  /** What is refused here, no reader of ours would take: a frame that is sent is a frame that can be read. */
  #mayOpen(length: number): void {
    if (length === 0 || this.#path.length < LIMITS.frameDepth) return;
    const found = `nesting deeper than ${LIMITS.frameDepth} levels`;
    throw unsupported(this.#path.slice(0, STEPS_TOLD), found);
  }

  #array(items: readonly unknown[]): void {
    this.#mayOpen(items.length);
    this.#head(items.length, 0x90, 16, 0xdc);
    for (let i = 0; i < items.length; i++) {
      this.#path.push(i);
      this.#any(items[i]);
      this.#path.pop();
    }
  }

  #map(value: object): void {
    const members = value as Readonly<Record<string, unknown>>;
    const keys = Object.keys(value);
    let count = 0;
    for (const key of keys) if (members[key] !== undefined) count++;
    const dtype = "shape" in value ? (members["dtype"] as DType | undefined) : undefined;
    this.#mayOpen(count);
    this.#head(count, 0x80, 16, 0xde);
    for (const key of keys) {
      const member = members[key];
      if (member === undefined) continue;
      if (key === "__proto__") throw unsupported(this.#path, 'the key "__proto__"');
      this.#string(key);
      this.#path.push(key);
      if (key === "values" && "shape" in value && ArrayBuffer.isView(member))
        this.#tensor(member, dtype);
      else this.#any(member);
      this.#path.pop();
    }
  }

  #bytesOrView(view: ArrayBufferView): void {
    if (!(view instanceof Uint8Array)) return this.#tensor(view, undefined);
    if (!this.#form.bin) return this.#numbers(view);
    const width = view.length < 0x100 ? 1 : view.length < 0x10000 ? 2 : 4;
    this.#byte(width === 1 ? 0xc4 : width === 2 ? 0xc5 : 0xc6);
    this.#uint(view.length, width);
    this.#raw(view);
  }

  #tensor(view: ArrayBufferView, named: DType | undefined): void {
    const found = dtypeOf(view);
    if (found === undefined) throw unsupported(this.#path, view.constructor.name);
    const values = view as TypedArray;
    if (!this.#form.ext) return this.#numbers(values);
    const padding = paddingAfter(this.#at + 6);
    const data = littleEndianBytes(values);
    this.#byte(0xc9);
    this.#uint(1 + padding + data.length, 4);
    this.#byte(EXT_TYPE_OF_DTYPE[found === "uint8" && named === "bool" ? "bool" : found]);
    this.#byte(padding);
    for (let i = 0; i < padding; i++) this.#byte(0);
    this.#raw(data);
  }

  /** A tensor towards a peer that knows float arrays only: what float64 can't hold is refused. */
  #numbers(values: TypedArray): void {
    this.#mayOpen(values.length);
    this.#head(values.length, 0x90, 16, 0xdc);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number | bigint;
      if (typeof value === "bigint" && BigInt(Number(value)) !== value) {
        throw unsupported([...this.#path, i], `${value}, which float64 can't hold exactly`);
      }
      this.#number(Number(value));
    }
  }

  #string(text: string): void {
    if (text.length > LONGEST_IN_PLACE) return this.#longString(utf8.encode(text));
    // At most three bytes for each UTF-16 unit.
    this.#reserve(5 + text.length * 3);
    if (text.length < LONGEST_BY_HAND && this.#ascii(text)) return;
    // The head's width depends on the length, which is known afterwards: guess, and move the text where the guess was too wide.
    const guess = headWidth(text.length * 3);
    const { written } = utf8.encodeInto(text, this.#bytes.subarray(this.#at + guess));
    const width = headWidth(written);
    if (width !== guess) {
      this.#bytes.copyWithin(this.#at + width, this.#at + guess, this.#at + guess + written);
    }
    this.#stringHead(written);
    this.#at += written;
  }

  /** Copied once more, rather than reserving three times what is needed. */
  #longString(encoded: Uint8Array): void {
    this.#stringHead(encoded.length);
    this.#raw(encoded);
  }

  #stringHead(length: number): void {
    const width = headWidth(length);
    if (width === 1) return this.#byte(0xa0 | length);
    this.#byte(width === 2 ? 0xd9 : width === 3 ? 0xda : 0xdb);
    this.#uint(length, width - 1);
  }

  /** Keys and ids are short and ASCII; there this takes a third of encodeInto's time. */
  #ascii(text: string): boolean {
    const start = this.#at + 1;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      this.#bytes[start + i] = code;
    }
    this.#bytes[this.#at] = 0xa0 | text.length;
    this.#at = start + text.length;
    return true;
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) return this.#integer(value);
    this.#reserve(9);
    this.#bytes[this.#at] = 0xcb;
    this.#view.setFloat64(this.#at + 1, value);
    this.#at += 9;
  }

  #integer(value: number): void {
    if (value >= 0) {
      if (value < 0x80) return this.#byte(value);
      if (value < 0x100) return this.#tagged(0xcc, value, 1);
      if (value < 0x10000) return this.#tagged(0xcd, value, 2);
      if (value < 0x100000000) return this.#tagged(0xce, value, 4);
    } else {
      if (value >= -0x20) return this.#byte(value & 0xff);
      if (value >= -0x80) return this.#tagged(0xd0, value & 0xff, 1);
      if (value >= -0x8000) return this.#tagged(0xd1, value & 0xffff, 2);
      if (value >= -0x80000000) return this.#tagged(0xd2, value >>> 0, 4);
    }
    this.#int64(BigInt(value));
  }

  #bigint(value: bigint): void {
    if (!fits64(value)) throw unsupported(this.#path, "an integer beyond 64 bits");
    const number = Number(value);
    if (Number.isSafeInteger(number)) return this.#integer(number);
    this.#int64(value);
  }

  #int64(value: bigint): void {
    this.#reserve(9);
    this.#bytes[this.#at] = value >= 0n ? 0xcf : 0xd3;
    if (value >= 0n) this.#view.setBigUint64(this.#at + 1, value);
    else this.#view.setBigInt64(this.#at + 1, value);
    this.#at += 9;
  }

  /** The head of an array or map: `short` plus the length below 16, else `long` with two or four bytes of length. */
  #head(length: number, short: number, shortBelow: number, long: number): void {
    if (length < shortBelow) this.#byte(short | length);
    else if (length < 0x10000) this.#tagged(long, length, 2);
    else this.#tagged(long + 1, length, 4);
  }

  #tagged(head: number, value: number, width: 1 | 2 | 4): void {
    this.#byte(head);
    this.#uint(value, width);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  #uint(value: number, width: number): void {
    this.#reserve(4);
    if (width === 1) this.#view.setUint8(this.#at, value);
    else if (width === 2) this.#view.setUint16(this.#at, value);
    else this.#view.setUint32(this.#at, value);
    this.#at += width;
  }

  #raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #reserve(size: number): void {
    const needed = this.#at + size;
    if (needed <= this.#bytes.length) return;
    const before = this.#bytes.subarray(0, this.#at);
    // One large payload: room for it and a tail, so that handing the buffer out wastes little. Else double.
    this.#use(this.#spares.atLeast(Math.max(needed + 1024, this.#bytes.length * 2)));
    this.#bytes.set(before);
  }

  #use(buffer: ArrayBuffer): void {
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }
}

function headWidth(utf8Bytes: number): number {
  if (utf8Bytes < 32) return 1;
  if (utf8Bytes < 0x100) return 2;
  return utf8Bytes < 0x10000 ? 3 : 5;
}
