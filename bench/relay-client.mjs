// Drives the bare relay as a client drives a coordinator.
import { once } from "node:events";
import { WebSocket } from "ws";

/** @param {string} url */
export async function connectRelay(url) {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, "open");
  /** @type {Map<string, () => void>} */
  const waiting = new Map();
  /** @type {(() => void) | undefined} */
  let onChunk;
  let next = 0;
  socket.on("message", (data, isBinary) => {
    if (isBinary) return onChunk?.();
    const { plan_id } = JSON.parse(/** @type {Buffer} */ (data).toString("utf8"));
    waiting.get(plan_id)?.();
    waiting.delete(plan_id);
  });
  return {
    /** One small plan there and back. @param {unknown} input @returns {Promise<void>} */
    run(input) {
      const plan_id = `p${++next}`;
      const value = { type: "Json", data: input };
      const plan = {
        plan_id,
        plan: { Execute: { node_id: "echo" } },
        input: { source: "Inline", value },
        filters: [],
        mode: "Forward",
        metadata: {},
      };
      return new Promise((resolve) => {
        waiting.set(plan_id, resolve);
        socket.send(JSON.stringify({ type: "Submit", request_id: next, plan }));
      });
    },
    /**
     * Sends `count` frames with at most `window` bytes under way; resolves when all came back.
     * @param {Uint8Array} frame @param {number} count @param {number} window @returns {Promise<void>}
     */
    stream(frame, count, window) {
      let sent = 0;
      let received = 0;
      return new Promise((resolve) => {
        const fill = () => {
          while (sent < count && (sent - received + 1) * frame.byteLength <= window) {
            sent++;
            socket.send(frame);
          }
        };
        onChunk = () => {
          received++;
          if (received === count) resolve();
          else fill();
        };
        fill();
      });
    },
    close: () => socket.close(),
  };
}
