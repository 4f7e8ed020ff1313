import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { SUBPROTOCOL } from "@planwire/protocol";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import { decideAccess, type Access, type AccessRules } from "./access.js";
import type { Connections } from "./connections.js";
import { refused, writeAnswer, writeAnswerRaw, type HttpAnswer } from "./http/answer.js";
import {
  answerGet,
  isWebSocketPath,
  notFound,
  OPEN_TO_ALL,
  pathOf,
  shuttingDown,
  type HttpView,
} from "./http/routes.js";
import { PeerWebSocket } from "./peer-web-socket.js";

export interface FrontDoorOptions {
  readonly rules: AccessRules;
  readonly view: HttpView;
  readonly connections: Connections;
  readonly log: Logger;
  readonly frameBytes: number;
}

/** Addresses that were warned about a token in their URL, at most; later ones are not warned. */
const MOST_WARNED = 1_000;

/** Whoever comes to the one port: lets in who may, and shows the way to the pages or to a connection. */
export class FrontDoor {
  readonly #rules: AccessRules;
  readonly #view: HttpView;
  readonly #connections: Connections;
  readonly #log: Logger;
  readonly #upgrades: WebSocketServer;
  readonly #warned = new Set<string>();

  constructor({ rules, view, connections, log, frameBytes }: FrontDoorOptions) {
    this.#rules = rules;
    this.#view = view;
    this.#connections = connections;
    this.#log = log;
    this.#upgrades = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: frameBytes,
      WebSocket: PeerWebSocket,
      // A token that came as a subprotocol is never echoed.
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    writeAnswer(response, this.#answerTo(request));
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const access = this.#accessOf(request);
    if (!access.ok) return writeAnswerRaw(socket, refused(access.refusal));
    const path = pathOf(request.url ?? "");
    if (!isWebSocketPath(path)) return writeAnswerRaw(socket, notFound(path));
    if (!this.#view.isReady()) return writeAnswerRaw(socket, shuttingDown());
    this.#upgrades.handleUpgrade(request, socket, head, (peer) =>
      this.#connections.add(peer, access.scopes),
    );
  }

  #answerTo(request: IncomingMessage): HttpAnswer {
    const path = pathOf(request.url ?? "");
    const access = path === OPEN_TO_ALL ? undefined : this.#accessOf(request);
    if (access?.ok === false) return refused(access.refusal);
    return answerGet(request.method ?? "", path, this.#view);
  }

  #accessOf({ url = "", headers, socket: { remoteAddress } }: IncomingMessage): Access {
    const access = decideAccess({ url, headers, remoteAddress }, this.#rules);
    if (!access.ok) {
      const { code, message } = access.refusal;
      this.#log.info({ remoteAddress, code, reason: message }, "a request was refused");
    } else if (access.tokenInUrl) this.#warnOfToken(remoteAddress ?? "unknown");
    return access;
  }

  #warnOfToken(remoteAddress: string): void {
    if (this.#warned.has(remoteAddress) || this.#warned.size >= MOST_WARNED) return;
    this.#warned.add(remoteAddress);
    this.#log.warn({ remoteAddress }, "a token came in a URL, where logs keep it: send a header");
  }
}
