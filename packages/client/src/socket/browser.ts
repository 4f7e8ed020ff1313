import { SUBPROTOCOL } from "@planwire/protocol";
import type { OpenSocket, Socket, SocketListener, SocketTarget } from "./socket.js";

/** What is used of a browser's WebSocket: the packages are compiled without its library. */
interface BrowserWebSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly readyState: number;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  send(data: string | Uint8Array): void;
  close(code: number): void;
}
type BrowserWebSocketClass = new (url: string, protocols: string[]) => BrowserWebSocket;

const OPEN = 1;
/** A browser tells nobody when its buffer shrinks. */
const LOOK_AT_BUFFER_MS = 5;
const CLOSE_WITHIN_MS = 1_000;
const ABNORMAL = 1006;
/** A browser tells no page why a connection failed: a refusal looks like nobody listening. */
const NEVER_OPENED =
  "nobody listens there, or it refuses this page's origin (--allow-origin) or its token";

export const openSocket: OpenSocket = (target, listener) => new BrowserSocket(target, listener);

export function atEndOfTick(flush: () => void): void {
  queueMicrotask(flush);
}

/** The page's own. */
declare const WebSocket: BrowserWebSocketClass;

class BrowserSocket implements Socket {
  readonly #ws: BrowserWebSocket;
  readonly #listener: SocketListener;
  #looking = false;
  #isOpened = false;
  #isClosed = false;

  constructor({ url, token }: SocketTarget, listener: SocketListener) {
    this.#listener = listener;
    const ws = new WebSocket(url, [SUBPROTOCOL, ...bearerProtocols(token)]);
    ws.binaryType = "arraybuffer";
    ws.onopen = () => {
      this.#isOpened = true;
      listener.opened();
    };
    ws.onmessage = ({ data }) => {
      listener.received(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer));
    };
    ws.onclose = ({ code, reason }) => this.#closed(code, reason);
    this.#ws = ws;
  }

  send(frame: string | Uint8Array): void {
    if (this.#ws.readyState !== OPEN) return;
    this.#ws.send(frame);
    this.#lookAtBuffer();
  }

  bufferedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  close(): void {
    this.#ws.close(1000);
    setTimeout(() => this.#closed(ABNORMAL, ""), CLOSE_WITHIN_MS);
  }

  holdProcess(): void {
    // A page lives as long as its tab.
  }

  #closed(closeCode: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const detail = this.#isOpened ? {} : { detail: NEVER_OPENED };
    this.#listener.closed({ closeCode, reason, ...detail });
  }

  #lookAtBuffer(): void {
    if (this.#looking) return;
    this.#looking = true;
    setTimeout(() => {
      this.#looking = false;
      this.#listener.drained();
      if (!this.#isClosed && this.#ws.bufferedAmount > 0) this.#lookAtBuffer();
    }, LOOK_AT_BUFFER_MS);
  }
}

/** A browser can't set headers: the token travels as a subprotocol, which the coordinator never echoes. */
export function bearerProtocols(token: string | undefined): string[] {
  if (token === undefined) return [];
  const binary = String.fromCharCode(...new TextEncoder().encode(token));
  const base64url = btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return [`planwire.bearer.${base64url}`];
}
