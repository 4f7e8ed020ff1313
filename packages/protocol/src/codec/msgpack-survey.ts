import { LIMITS } from "../limits.js";

export interface Survey {
  /** Whether a 64-bit integer occurs: only then must bigints be looked for. */
  readonly int64: boolean;
}

// What follows the heads 0xc0..0xdf: bytes that hold a length, and bytes beside that length.
//                    c0 c1 c2 c3 bin----- ext----- f32 f64 uint------- int-------- fixext---------- str------ array-- map---
const LENGTH_BYTES = [
  0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4,
];
const OTHER_BYTES = [
  0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17, 0, 0, 0, 0, 0, 0, 0,
];

/**
 * Walks a msgpack frame without building anything. The decoder allocates what an array's head claims and nests as deep as the
 * bytes say, so 100 bytes could ask it for gigabytes: here what is claimed must be there, and depth has a bound.
 * @throws RangeError saying what is wrong with the bytes
 */
export function surveyMsgpack(bytes: Uint8Array): Survey {
  const open: number[] = [];
  let left = 1;
  let at = 0;
  let int64 = false;
  while (left > 0) {
    left--;
    const head = bytes[at++];
    let items = 0;
    if (head === undefined) throw new RangeError("the frame ends too early");
    else if (head < 0x80 || head >= 0xe0) items = 0;
    else if (head < 0x90) items = 2 * (head & 0x0f);
    else if (head < 0xa0) items = head & 0x0f;
    else if (head < 0xc0) at += head & 0x1f;
    else {
      const lengthBytes = LENGTH_BYTES[head - 0xc0] ?? 0;
      const length = readUint(bytes, at, lengthBytes);
      at += lengthBytes;
      if (head >= 0xde) items = 2 * length;
      else if (head >= 0xdc) items = length;
      else at += length + (OTHER_BYTES[head - 0xc0] ?? 0);
      int64 ||= head === 0xcf || head === 0xd3;
    }
    if (items > bytes.length - at) throw new RangeError("the frame ends too early");
    if (items > 0) {
      if (open.push(left) > LIMITS.frameDepth) throw new RangeError("it nests too deeply");
      left = items;
    }
    while (left === 0 && open.length > 0) left = open.pop() ?? 0;
  }
  if (at > bytes.length) throw new RangeError("the frame ends too early");
  if (at < bytes.length) throw new RangeError(`${bytes.length - at} bytes follow the message`);
  return { int64 };
}

function readUint(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}
