import type { MessageType } from "@planwire/protocol";
import type { Connection } from "../core/state.js";

type Sender = "worker" | "client" | "either";

/** Who sends what to a coordinator; everything else is answered UNEXPECTED_MESSAGE. */
const SENDERS: Partial<Record<MessageType, Sender>> = {
  Register: "worker",
  Heartbeat: "worker",
  Event: "worker",
  PlanResult: "worker",
  JobProgress: "worker",
  JobResult: "worker",
  Started: "worker",
  Busy: "worker",
  Recalled: "worker",
  Pong: "worker",
  ShutdownAck: "worker",
  StreamAccepted: "worker",
  ChunkResult: "worker",
  StreamComplete: "worker",
  Hello: "client",
  Submit: "client",
  Watch: "client",
  Unwatch: "client",
  Get: "client",
  Cancel: "client",
  Explain: "client",
  ListWorkers: "client",
  Drain: "client",
  ListPlans: "client",
  StreamBegin: "client",
  ChunkData: "client",
  StreamEnd: "client",
  StreamCredit: "either",
  StreamCancel: "either",
  Error: "either",
};

/** Why this connection may not send this message now; undefined when it may. */
export function misuse({ phase, scopes }: Connection, type: MessageType): string | undefined {
  const sender = SENDERS[type];
  if (sender === undefined) return `a coordinator is not sent ${type}`;
  if (type === "Error") return undefined;
  if (phase === "new") {
    if (type === "Register") return scopes.worker ? undefined : "this token is not for workers";
    if (type === "Hello") return scopes.client ? undefined : "this token is not for clients";
    return `expected Register or Hello first, got ${type}`;
  }
  if (phase === "contending") return `expected nothing before Registered, got ${type}`;
  if (type === "Hello") return "this connection said Hello, or registered, already";
  if (sender === "either" || sender === phase) return undefined;
  return `a ${phase} does not send ${type}`;
}
