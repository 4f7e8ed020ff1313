// The bare relay: what the middle costs when it decides nothing. JSON text is parsed and written again, as any
// coordinator must; binary frames are forwarded as they are.
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
/** @type {import("ws").WebSocket | undefined} */
let answering;
/** @type {import("ws").WebSocket | undefined} */
let asking;

server.on("connection", (socket, request) => {
  const isEcho = request.url === "/echo";
  if (isEcho) answering = socket;
  else asking = socket;
  socket.on("message", (data, isBinary) => {
    const other = isEcho ? asking : answering;
    other?.send(
      isBinary ? data : JSON.stringify(JSON.parse(/** @type {Buffer} */ (data).toString("utf8"))),
      { binary: isBinary },
    );
  });
});
server.on("listening", () => {
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  console.log(JSON.stringify({ url: `ws://127.0.0.1:${address.port}` }));
});
process.on("SIGTERM", () => process.exit(0));
