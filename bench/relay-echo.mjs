// The answering end behind the bare relay: a worker that decides nothing.
import { WebSocket } from "ws";

const socket = new WebSocket(`${process.argv[2]}/echo`, { perMessageDeflate: false });
socket.on("open", () => console.log(JSON.stringify({ ready: true })));
socket.on("message", (data, isBinary) => {
  if (isBinary) return socket.send(data, { binary: true });
  const { plan } = JSON.parse(/** @type {Buffer} */ (data).toString("utf8"));
  const result = { status: "Success", output: plan.input.value, duration_ms: 0, states: {} };
  socket.send(
    JSON.stringify({
      type: "PlanResult",
      worker_id: "w",
      plan_id: plan.plan_id,
      attempt: 1,
      result,
    }),
  );
});
process.on("SIGTERM", () => process.exit(0));
