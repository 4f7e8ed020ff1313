import type { Capabilities, Load, Message, PlanwireError } from "@planwire/protocol";
import type { CallId, CallOutcome, CallReport, FilterOffer } from "./filter-call.js";

/** Time, in milliseconds. Leases, timeouts and backoff use `mono`; `wall` is for display. */
export interface Now {
  readonly mono: number;
  readonly wall: number;
}

/** How much of the machine is in use: 0 to 1. */
export type MachineLoad = Pick<Load, "cpu_usage" | "memory_usage" | "gpu_usage">;

/** Why a connection could not be made or ended. */
export interface ConnectionEnd {
  /** A WebSocket close code, or the HTTP status that refused it; absent when nothing answered. */
  readonly status?: number;
  readonly reason: string;
}

/** What the core is told. One that answers an effect is named after it. `connection` counts the connections tried. */
export type CoreEvent =
  /** Filters are loaded: connect. */
  | {
      readonly type: "start";
      readonly filters: readonly FilterOffer[];
      readonly capabilities: Capabilities;
    }
  /** What takes longer to find out about the machine: the coordinator is told when it is known. */
  | { readonly type: "capabilitiesFound"; readonly capabilities: Capabilities }
  | { readonly type: "connectDone"; readonly connection: number }
  /** `random` is 0 to 1, for the backoff. */
  | {
      readonly type: "connectFailed";
      readonly connection: number;
      readonly end: ConnectionEnd;
      readonly random: number;
    }
  | {
      readonly type: "connectionLost";
      readonly connection: number;
      readonly end: ConnectionEnd;
      readonly random: number;
    }
  /** `bytes` of the whole frame, which matters where a message has a frame of its own. */
  | {
      readonly type: "received";
      readonly connection: number;
      readonly message: Message;
      readonly bytes: number;
    }
  /** A message that could not be understood. */
  | {
      readonly type: "receivedBroken";
      readonly connection: number;
      readonly error: PlanwireError;
      /** It reports an error itself, and is not answered. */
      readonly isError: boolean;
    }
  | { readonly type: "startCallDone"; readonly call: CallId }
  | { readonly type: "callReported"; readonly report: CallReport }
  | { readonly type: "callDone"; readonly call: CallId; readonly outcome: CallOutcome }
  | {
      readonly type: "sampleLoadDone";
      readonly load: MachineLoad;
      /** How long the main thread has not answered; absent while it does. */
      readonly mainBlockedMs?: number | undefined;
    }
  | { readonly type: "wakeAtDone"; readonly random: number }
  /** Filters that run on the main thread came to it. */
  | { readonly type: "offer"; readonly offer: number; readonly filters: readonly FilterOffer[] }
  /** No new work; leave when all results are delivered. */
  | { readonly type: "drain"; readonly reason: string }
  /** Stop everything and leave now. */
  | { readonly type: "close" };
