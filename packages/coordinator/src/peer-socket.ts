import { WebSocket } from "ws";
import { PeerConnection, type PeerListener, type SocketBounds } from "./peer-connection.js";

export interface PeerSocketListener extends PeerListener {
  /** One whole frame; not called any more once this side closes. */
  received(data: Buffer, isBinary: boolean): void;
  /** A ping or a pong. */
  heard(): void;
  /** The peer breaks the rules of WebSocket, or a frame's bound; ws closes. */
  failed(error: Error): void;
  /** Once, last. */
  closed(code: number, reason: string): void;
}

/** The connection of an accepted socket of ws. */
export function connectionOf(
  socket: WebSocket,
  bounds: SocketBounds,
  listener: PeerSocketListener,
): PeerConnection {
  const sent = () => connection.sent();
  const connection = new PeerConnection(
    {
      isOpen: () => socket.readyState === WebSocket.OPEN,
      send: (frame) => socket.send(frame, sent),
      bufferedBytes: () => socket.bufferedAmount,
      ping: () => socket.ping(),
      close: (code, reason) => socket.close(code, reason),
      terminate: () => socket.terminate(),
      soon: (run) => void setImmediate(run),
      // The socket holds the process as long as it is open; this must not do so.
      later: (ms, run) => void setTimeout(run, ms).unref(),
    },
    bounds,
    listener,
  );
  socket.on("message", (data, isBinary) => {
    // ws hands over one Buffer: another binaryType is never set.
    if (connection.closingWith === undefined) listener.received(data as Buffer, isBinary);
  });
  socket.on("ping", () => listener.heard());
  socket.on("pong", () => listener.heard());
  socket.on("error", (error) => {
    connection.broken();
    listener.failed(error);
  });
  socket.on("close", (code, reason) => {
    connection.lost();
    listener.closed(code, reason.toString());
  });
  return connection;
}
