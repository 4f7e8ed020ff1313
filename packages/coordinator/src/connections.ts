import { randomUUID } from "node:crypto";
import {
  isPlanwireError,
  LIMITS,
  type ConnectionId,
  type ErrorCode,
  type Feature,
  type FrameLimits,
  type Message,
} from "@planwire/protocol";
import type { Logger } from "pino";
import type { WebSocket } from "ws";
import type { CoreEvent, Scopes } from "./core/event.js";
import type { PeerConnection, SocketBounds } from "./peer-connection.js";
import { connectionOf, type PeerSocketListener } from "./peer-socket.js";
import { receivedEvents } from "./received-events.js";

/** All open sockets by the id that the core knows them by: what comes in becomes events, effects on a connection go out. */
export class Connections {
  readonly #bounds: SocketBounds;
  readonly #limits: FrameLimits;
  readonly #log: Logger;
  readonly #feed: (events: readonly CoreEvent[]) => void;
  readonly #open = new Map<ConnectionId, PeerConnection>();
  #lastId = 0;
  #onAllClosed: (() => void) | undefined;

  constructor(bounds: SocketBounds, log: Logger, feed: (events: readonly CoreEvent[]) => void) {
    this.#bounds = bounds;
    this.#limits = { frameBytes: bounds.frameBytes, batchMessages: LIMITS.batchMessages };
    this.#log = log;
    this.#feed = feed;
  }

  add(socket: WebSocket, scopes: Scopes): void {
    this.#lastId += 1;
    const conn = `connection-${this.#lastId}` as ConnectionId;
    this.#open.set(conn, connectionOf(socket, this.#bounds, this.#listenerOf(conn)));
    this.#feed([{ type: "connectionOpened", conn, scopes, sessionId: randomUUID() }]);
  }

  send(conn: ConnectionId, message: Message, mayWait?: boolean): void {
    this.#attempt(conn, message, (peer) => peer.send(message, mayWait));
  }

  sendBulk(conn: ConnectionId, message: Message): void {
    this.#attempt(conn, message, (peer) => peer.sendBulk(message));
  }

  forward(conn: ConnectionId, frame: Uint8Array): void {
    this.#open.get(conn)?.forward(frame);
  }

  useFeatures(conn: ConnectionId, features: readonly Feature[]): void {
    this.#open.get(conn)?.useFeatures(features);
  }

  close(conn: ConnectionId, code: ErrorCode): void {
    this.#open.get(conn)?.close(code);
  }

  probe(conn: ConnectionId): void {
    this.#open.get(conn)?.probe();
  }

  awaitDrain(conn: ConnectionId): void {
    this.#open.get(conn)?.awaitDrain();
  }

  /** Resolves when all are closed, those that don't answer within `withinMs` by force. */
  async closeAll(code: ErrorCode, withinMs: number): Promise<void> {
    if (this.#open.size === 0) return;
    const allClosed = new Promise<void>((resolve) => (this.#onAllClosed = resolve));
    for (const peer of this.#open.values()) peer.close(code);
    const timer = setTimeout(() => {
      for (const peer of this.#open.values()) peer.terminate();
    }, withinMs);
    await allClosed;
    clearTimeout(timer);
  }

  #attempt(conn: ConnectionId, message: Message, write: (peer: PeerConnection) => void): void {
    const peer = this.#open.get(conn);
    if (peer === undefined) return;
    try {
      write(peer);
    } catch (error) {
      if (!isPlanwireError(error)) throw error;
      this.#feed([{ type: "sendFailed", conn, message, error }]);
    }
  }

  #listenerOf(conn: ConnectionId): PeerSocketListener {
    const log = this.#log;
    return {
      received: (data, isBinary) => this.#feed(receivedEvents(conn, data, isBinary, this.#limits)),
      heard: () => this.#feed([{ type: "probeDone", conn }]),
      blocked: () => this.#feed([{ type: "connectionBlocked", conn }]),
      drained: () => this.#feed([{ type: "awaitDrainDone", conn }]),
      tooSlow: (unreadBytes) => log.warn({ conn, unreadBytes }, "a peer reads too slowly: closed"),
      failed: (error) => log.warn({ conn, err: error }, "a peer broke the rules of its socket"),
      closed: (code, reason) => {
        this.#open.delete(conn);
        log.debug({ conn, code, reason }, "a connection closed");
        this.#feed([{ type: "connectionClosed", conn, reason: reason || `closed with ${code}` }]);
        if (this.#open.size === 0) this.#onAllClosed?.();
      },
    };
  }
}
