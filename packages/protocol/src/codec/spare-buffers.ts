import { LIMITS } from "../limits.js";

/** As much as one stream has under way. */
const MOST_BYTES = LIMITS.streamWindowBytes;
/** Chunks of one stream differ by a few bytes: rounded up, each fits into the memory of any other. */
const STEP = 4096;

/**
 * Memory of frames that have been sent, for the next ones: new memory is filled with zeros, and V8 marks the whole heap whenever dead
 * buffers have reached a few times its size (about every 20 MB of a stream, before this).
 */
export class SpareBuffers {
  readonly #lent = new WeakSet<ArrayBufferLike>();
  readonly #spares: ArrayBuffer[] = [];
  #bytes = 0;

  /** Its content is whatever it was. */
  atLeast(size: number): ArrayBuffer {
    const index = this.#spares.findIndex(
      ({ byteLength }) => byteLength >= size && byteLength <= 2 * size,
    );
    const [spare] = index === -1 ? [] : this.#spares.splice(index, 1);
    if (spare === undefined) return new ArrayBuffer(Math.ceil(size / STEP) * STEP);
    this.#bytes -= spare.byteLength;
    return spare;
  }

  /** Somebody else has this buffer from now on, until it is taken back. */
  lend(buffer: ArrayBuffer): void {
    this.#lent.add(buffer);
  }

  takeBack(buffer: ArrayBufferLike): void {
    if (!this.#lent.delete(buffer) || !(buffer instanceof ArrayBuffer)) return;
    if (this.#bytes + buffer.byteLength > MOST_BYTES) return;
    this.#spares.push(buffer);
    this.#bytes += buffer.byteLength;
  }
}
