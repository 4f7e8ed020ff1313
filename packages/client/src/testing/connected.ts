import type { JsonValue, Outcome } from "@planwire/protocol";
import { onTestFinished } from "vitest";
import { connectTo, type ConnectToOptions } from "../connect-to.js";
import type { Planwire } from "../planwire.js";
import { RawCoordinator, type RawConnection } from "./raw-coordinator.js";

/** A coordinator that ends with the test. */
export async function startRaw(): Promise<RawCoordinator> {
  const coordinator = await RawCoordinator.start();
  onTestFinished(() => coordinator.stop());
  return coordinator;
}

export interface Connected {
  readonly coordinator: RawCoordinator;
  readonly pw: Planwire;
  /** The client's connection as the coordinator has it. */
  readonly connection: RawConnection;
}

export async function connected(options: Partial<ConnectToOptions> = {}): Promise<Connected> {
  const coordinator = await startRaw();
  const [pw, connection] = await Promise.all([
    connectTo({ url: coordinator.url, ...options }),
    coordinator.welcomed(),
  ]);
  onTestFinished(() => pw.close());
  return { coordinator, pw, connection };
}

export function succeeded(data: JsonValue, states: Record<string, JsonValue> = {}): Outcome {
  const valueOf = (json: JsonValue) => ({ type: "Json", data: json }) as const;
  const tagged = Object.entries(states).map(([id, state]) => [id, valueOf(state)]);
  return {
    status: "Succeeded",
    output: valueOf(data),
    states: Object.fromEntries(tagged),
    worker_id: "w1",
    attempts: 1,
    duration_ms: 3,
  };
}
