/** What is known of a chunk without decoding its value. */
export interface ChunkHead {
  readonly type: "ChunkData" | "ChunkResult";
  readonly streamId: string;
  readonly index: number;
  /** Where the encoded value begins; it reaches to the frame's end. */
  readonly valueOffset: number;
}

const LONGEST_ID = 512;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const STARTS = (["ChunkData", "ChunkResult"] as const).map((type) => ({
  type,
  bytes: Uint8Array.of(0x84, ...fixstr("type"), ...fixstr(type), ...fixstr("stream_id")),
}));
const INDEX_KEY = Uint8Array.from(fixstr("chunk_index"));
const VALUE_KEY = Uint8Array.from(fixstr("value"));

/**
 * Reads the head of a ChunkData or ChunkResult in the form that our encoder writes (a named map, the value last), so that a relay need
 * not look at the value. Undefined for any other frame: decode that whole. The value itself is not checked.
 */
export function readChunkHead(frame: Uint8Array): ChunkHead | undefined {
  const start = STARTS.find(({ bytes }) => startsWith(frame, bytes, 0));
  if (!start) return undefined;
  const id = readString(frame, start.bytes.length);
  if (!id || !startsWith(frame, INDEX_KEY, id.end)) return undefined;
  const index = readIndex(frame, id.end + INDEX_KEY.length);
  if (!index || !startsWith(frame, VALUE_KEY, index.end)) return undefined;
  const valueOffset = index.end + VALUE_KEY.length;
  if (valueOffset >= frame.length) return undefined;
  return { type: start.type, streamId: id.text, index: index.value, valueOffset };
}

function fixstr(text: string): number[] {
  return [0xa0 | text.length, ...new TextEncoder().encode(text)];
}

function startsWith(frame: Uint8Array, expected: Uint8Array, at: number): boolean {
  for (let i = 0; i < expected.length; i++) if (frame[at + i] !== expected[i]) return false;
  return true;
}

function readString(frame: Uint8Array, at: number): { text: string; end: number } | undefined {
  const head = frame[at] ?? 0;
  const isShort = (head & 0xe0) === 0xa0;
  if (!isShort && head !== 0xd9 && head !== 0xda) return undefined;
  const width = isShort ? 0 : head === 0xd9 ? 1 : 2;
  const length = isShort ? head & 0x1f : readUint(frame, at + 1, width);
  const start = at + 1 + width;
  const end = start + length;
  if (length === 0 || end > frame.length) return undefined;
  const text = utf8Text(frame.subarray(start, end));
  return text === undefined || text.length > LONGEST_ID ? undefined : { text, end };
}

function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

const UINT_WIDTHS: ReadonlyMap<number, number> = new Map([
  [0xcc, 1],
  [0xcd, 2],
  [0xce, 4],
  [0xcf, 8],
]);

function readIndex(frame: Uint8Array, at: number): { value: number; end: number } | undefined {
  const head = frame[at] ?? 0xff;
  if (head < 0x80) return { value: head, end: at + 1 };
  const width = UINT_WIDTHS.get(head);
  if (width === undefined || at + 1 + width > frame.length) return undefined;
  const value = readUint(frame, at + 1, width);
  return Number.isSafeInteger(value) ? { value, end: at + 1 + width } : undefined;
}

function readUint(frame: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + (frame[at + i] ?? 0);
  return value;
}
