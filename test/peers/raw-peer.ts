import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { WebSocket, type ClientOptions } from "ws";

/** A socket that says whatever a test wants, and keeps all that it hears. */
export interface RawPeer {
  readonly received: readonly Heard[];
  /** The next text message of that type, those that came already included, in order. */
  next(type: string): Promise<Heard>;
  /** Objects as JSON text; strings and bytes as they are. */
  send(data: unknown): void;
  readonly closed: Promise<{ code: number; reason: string }>;
  close(): void;
}
export type Heard = { type: string; [key: string]: unknown };

export async function rawPeer(url: string, options: ClientOptions = {}): Promise<RawPeer> {
  const socket = new WebSocket(url, options);
  const received: Heard[] = [];
  const taken = new Set<Heard>();
  const waiting: { type: string; resolve: (message: Heard) => void }[] = [];
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once("close", (code, reason) => resolve({ code, reason: reason.toString("utf8") }));
  });
  socket.on("message", (data, isBinary) => {
    if (isBinary) return;
    const parsed = JSON.parse((data as Buffer).toString("utf8")) as Heard | Heard[];
    for (const message of Array.isArray(parsed) ? parsed : [parsed]) {
      received.push(message);
      const index = waiting.findIndex(({ type }) => type === message.type);
      if (index === -1) continue;
      taken.add(message);
      waiting.splice(index, 1)[0]?.resolve(message);
    }
  });
  await once(socket, "open");
  socket.on("error", () => {}); // what matters of it is in `closed`
  return {
    received,
    closed,
    close: () => socket.close(),
    send(data) {
      socket.send(
        typeof data === "string" || data instanceof Uint8Array ? data : JSON.stringify(data),
      );
    },
    next(type) {
      const there = received.find((message) => message.type === type && !taken.has(message));
      if (!there) return new Promise((resolve) => waiting.push({ type, resolve }));
      taken.add(there);
      return Promise.resolve(there);
    },
  };
}

/** The HTTP status and body with which an upgrade is refused. */
export async function refusedUpgrade(
  url: string,
  options: ClientOptions = {},
): Promise<{ status: number; body: { code?: string } }> {
  const socket = new WebSocket(url, options);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    socket.once("unexpected-response", (_request, got) => resolve(got));
    socket.once("open", () => reject(new Error("the upgrade was not refused")));
    socket.once("error", reject);
  });
  let text = "";
  for await (const part of response.setEncoding("utf8")) text += part as string;
  return { status: response.statusCode ?? 0, body: JSON.parse(text) as { code?: string } };
}
