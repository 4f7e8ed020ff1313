import type { SocketLoss } from "../core/events.js";

/** A WebSocket as the driver needs it; `#socket` is the one for Node or the one for browsers. */
export interface Socket {
  /** `sent` is called when nobody reads `frame` any more; not on every platform, and not after an error. */
  send(frame: string | Uint8Array, sent?: () => void): void;
  /** Bytes handed over that are not on their way yet. */
  bufferedBytes(): number;
  /** Sends what was handed over, then closes; `closed` follows soon, also when the other side is silent. */
  close(): void;
  /** Whether the socket keeps the process alive. Browsers have no such thing. */
  holdProcess(hold: boolean): void;
}

export interface SocketListener {
  opened(): void;
  received(frame: string | Uint8Array): void;
  /** Something that was handed over is on its way. */
  drained(): void;
  /** Comes exactly once, opened or not. */
  closed(loss: SocketLoss): void;
}

export interface SocketTarget {
  readonly url: string;
  readonly token: string | undefined;
  readonly frameBytes: number;
}

export type OpenSocket = (target: SocketTarget, listener: SocketListener) => Socket;
