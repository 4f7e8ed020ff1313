// What the coordinator's core decides of one small plan costs: no socket, no codec, no store; with few and many workers, and with a full queue.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CoordinatorCore, DEFAULT_SETTINGS } from "@planwire/coordinator/core";
import { FEATURES, shapePlan } from "@planwire/protocol";
import { median } from "./measure.mjs";

setFlagsFromString("--expose-gc");
/** @type {() => void} */
const collectGarbage = runInNewContext("gc");

const ROUND = 500;
const NOW = { mono: 1, wall: 1 };
const CAPABILITIES = { cpu_cores: 1, ram_bytes: 1, gpus: [], python_envs: [], tags: [] };

/** What comes again and again, as the codec gives it: see plan-shape.ts of the protocol. */
function shapeFor(/** @type {string} */ uses) {
  const plan = { Execute: { node_id: "n" } };
  const fixed = { plan, bindings: [{ node_id: "n", uses }], metadata: {} };
  shapePlan(fixed);
  return fixed;
}

/** A core with workers whose filter is "f", in which so many plans wait for another one that nobody has. */
function prepare(/** @type {number} */ workers, /** @type {number} */ queued) {
  const bounds = { maxQueued: 2_000_000, maxQueuedBytes: 2 ** 40, maxConnections: 100_000 };
  const settings = { ...DEFAULT_SETTINGS, ...bounds, coordinatorId: "bench", version: "0" };
  const core = new CoordinatorCore(settings, { historyId: "h", boot: 1, live: [], offered: [] });
  /** @type {any[]} */
  const assigned = [];
  // To shift an array of 10,000 would be a part of what is measured.
  let answered = 0;
  let plans = 0;

  const step = (/** @type {any} */ event) => {
    /** @type {any[]} */
    const events = [event];
    for (let next = events.shift(); next; next = events.shift()) {
      for (const effect of core.step(next, NOW)) {
        if (effect.type === "persist") {
          events.push({ type: "persistDone", write: effect.write, answer: { type: "done" } });
        } else if (effect.type === "send" && effect.message.type === "AssignPlan") {
          assigned.push(effect);
        }
      }
    }
  };
  const receive = (/** @type {string} */ conn, /** @type {any} */ message) =>
    step({ type: "received", conn, message, isError: false, bytes: 300 });
  const open = (/** @type {string} */ conn) =>
    step({
      type: "connectionOpened",
      conn,
      scopes: { worker: true, client: true },
      sessionId: "s",
    });
  const hello = { protocol_version: 1, implementation: "bench", version: "0", features: FEATURES };
  const submit = (/** @type {ReturnType<typeof shapeFor>} */ fixed) => {
    const input = { source: "Inline", value: { type: "Json", data: 1 } };
    const plan = { plan_id: `p${++plans}`, input, ...fixed };
    receive("client", { type: "Submit", request_id: plans, plan, watch: true, only_outcome: true });
  };

  const [usual, rare] = [shapeFor("f"), shapeFor("rare")];
  open("client");
  receive("client", { type: "Hello", ...hello });
  for (let i = 0; i < queued; i++) submit(rare);
  for (let i = 0; i < workers; i++) {
    open(`worker-${i}`);
    receive(`worker-${i}`, {
      type: "Register",
      worker_id: `worker-${i}`,
      capabilities: CAPABILITIES,
      incarnation: "i",
      features: FEATURES,
      max_concurrent: 4,
      filters: [{ name: "f", kind: "Stateless", stream_mode: "FixedState" }],
    });
  }
  const result = { status: "Success", output: { type: "Empty" }, duration_ms: 1, states: {} };
  /** One plan in, and the oldest of those that run out. */
  return () => {
    submit(usual);
    if (assigned.length - answered < workers) return;
    const { conn, message } = assigned[answered];
    assigned[answered++] = undefined;
    const { attempt, plan } = message;
    receive(conn, { type: "PlanResult", worker_id: conn, plan_id: plan.plan_id, attempt, result });
  };
}

/** @param {{ quick: boolean }} options */
export async function coreTime({ quick }) {
  const queue = quick ? 100_000 : 1_000_000;
  return [
    [10, 0],
    [10_000, 0],
    [10, queue],
    [10_000, queue],
  ].map(([workers = 0, queued = 0]) => {
    const one = prepare(workers, queued);
    for (let i = 0; i < workers + 2_000; i++) one();
    // What the question before left behind, a million plans for one, is no part of this one's cost.
    collectGarbage();
    const figures = Array.from({ length: quick ? 10 : 40 }, () => {
      const began = performance.now();
      for (let i = 0; i < ROUND; i++) one();
      return ((performance.now() - began) * 1_000) / ROUND;
    });
    return { workers, queued, "microseconds a plan": Number(median(figures).toFixed(1)) };
  });
}
