import type { Server, Socket } from "node:net";

/** A server and all sockets that came to it, as far as they keep this process alive. */
export class HeldSockets {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #hold = true;

  constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      if (!this.#hold) socket.unref();
    });
  }

  ref(): void {
    this.#hold = true;
    this.#server.ref();
    for (const socket of this.#sockets) socket.ref();
  }

  unref(): void {
    this.#hold = false;
    this.#server.unref();
    for (const socket of this.#sockets) socket.unref();
  }
}
