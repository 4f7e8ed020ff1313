import type { Socket as NetSocket } from "node:net";
import { staysUnseen, SUBPROTOCOL } from "@planwire/protocol";
import { WebSocket } from "ws";
import type { OpenSocket, Socket, SocketListener, SocketTarget } from "./socket.js";

const PING_EVERY_MS = 10_000;
/** A peer that is gone without a word (a cable, a suspended machine) is found by two pings without any answer. */
const SILENT_PINGS = 2;
const CLOSE_WITHIN_MS = 1_000;

export const openSocket: OpenSocket = (target, listener) => new NodeSocket(target, listener);

/** Runs `flush` when the tick ends, behind all promises that it settled. */
export function atEndOfTick(flush: () => void): void {
  process.nextTick(flush);
}

class NodeSocket implements Socket {
  readonly #ws: WebSocket;
  readonly #listener: SocketListener;
  #net: NetSocket | undefined;
  #status: number | undefined;
  #detail: string | undefined;
  #held = true;
  #pingTimer: NodeJS.Timeout | undefined;
  #silentPings = 0;
  #nextPingAt = 0;

  constructor({ url, token, frameBytes }: SocketTarget, listener: SocketListener) {
    this.#listener = listener;
    this.#ws = new WebSocket(url, [SUBPROTOCOL], {
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
      perMessageDeflate: false,
      maxPayload: frameBytes,
      ...(staysUnseen(url) && { generateMask: (key) => key.fill(0) }),
    });
    this.#listen();
  }

  #listen(): void {
    const ws = this.#ws;
    ws.on("upgrade", (response) => {
      this.#net = response.socket;
      this.holdProcess(this.#held);
    });
    ws.on("open", () => {
      this.#startPings();
      this.#listener.opened();
    });
    ws.on("message", (data: Buffer, isBinary) => {
      this.#silentPings = 0;
      this.#listener.received(isBinary ? data : data.toString());
    });
    ws.on("pong", () => (this.#silentPings = 0));
    ws.on("unexpected-response", (request, response) => {
      this.#status = response.statusCode;
      request.destroy();
      ws.terminate();
    });
    ws.on("error", (error: NodeJS.ErrnoException) => {
      // Where several addresses failed, the message is empty.
      this.#detail ??= error.message || error.code;
    });
    ws.on("close", (closeCode, reason) => {
      clearInterval(this.#pingTimer);
      this.#listener.closed({
        closeCode,
        reason: reason.toString(),
        ...(this.#status !== undefined
          ? { status: this.#status }
          : this.#detail !== undefined && { detail: this.#detail }),
      });
    });
  }

  send(frame: string | Uint8Array, sent?: () => void): void {
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    this.#ws.send(frame, (error) => {
      if (!error) sent?.();
      this.#listener.drained();
    });
  }

  bufferedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  close(): void {
    if (this.#ws.readyState === WebSocket.CONNECTING) return this.#ws.terminate();
    this.#ws.close(1000);
    const timer = setTimeout(() => this.#ws.terminate(), CLOSE_WITHIN_MS);
    this.#ws.once("close", () => clearTimeout(timer));
  }

  holdProcess(hold: boolean): void {
    this.#held = hold;
    if (hold) this.#net?.ref();
    else this.#net?.unref();
  }

  /** A tick that comes late was held up by this very process, along with the pongs: it counts for nothing. */
  #startPings(): void {
    this.#nextPingAt = performance.now() + PING_EVERY_MS;
    this.#pingTimer = setInterval(() => {
      const late = performance.now() - this.#nextPingAt > PING_EVERY_MS / 2;
      this.#nextPingAt = performance.now() + PING_EVERY_MS;
      if (!late && this.#silentPings >= SILENT_PINGS) {
        this.#detail = "it does not answer any more";
        return this.#ws.terminate();
      }
      if (!late) this.#silentPings++;
      this.#ws.ping();
    }, PING_EVERY_MS);
    this.#pingTimer.unref();
  }
}
