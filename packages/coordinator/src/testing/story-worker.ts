import type { ConnectionId, HeldAttempt, Message, MessageOf, PlanResult } from "@planwire/protocol";
import { registerMessage, type CoordinatorDriver } from "./coordinator-driver.js";

/** A worker of ours as a story sees it: what it holds, and the results that nobody acknowledged yet. */
export class StoryWorker {
  readonly id: string;
  conn: ConnectionId | undefined;
  #incarnation = 1;
  readonly running = new Map<string, MessageOf<"AssignPlan">>();
  readonly finished = new Map<string, MessageOf<"PlanResult">>();

  constructor(id: string) {
    this.id = id;
  }

  /** Dials in: as the process it was, or as another one, which holds nothing. */
  connect(driver: CoordinatorDriver, asNewProcess: boolean): void {
    if (asNewProcess) this.#die();
    this.conn = driver.connect();
    const resume = [...this.#held()];
    const more = { max_concurrent: 2, incarnation: `${this.id}-${this.#incarnation}`, resume };
    driver.receive(this.conn, registerMessage(this.id, ["f", "g"], more));
    for (const result of this.finished.values()) this.#send(driver, result);
  }

  #die(): void {
    this.#incarnation += 1;
    this.running.clear();
    this.finished.clear();
  }

  *#held(): Iterable<HeldAttempt> {
    for (const [plan_id, { attempt = 0 }] of this.running) {
      yield { plan_id, attempt, state: "running" };
    }
    for (const [plan_id, { attempt = 0 }] of this.finished) {
      yield { plan_id, attempt, state: "finished" };
    }
  }

  take(driver: CoordinatorDriver, message: Message): void {
    switch (message.type) {
      case "AssignPlan":
        this.running.set(message.plan.plan_id, message);
        return;
      case "CancelPlan":
        return this.#cancel(driver, message);
      case "ResultAck":
        if (this.finished.get(message.id)?.attempt === message.attempt)
          this.finished.delete(message.id);
        return;
      default:
        return;
    }
  }

  finish(driver: CoordinatorDriver, assigned: MessageOf<"AssignPlan">, result: PlanResult): void {
    const { plan_id } = assigned.plan;
    const attempt = assigned.attempt ?? 0;
    this.running.delete(plan_id);
    const message = { type: "PlanResult", worker_id: this.id, plan_id, attempt, result } as const;
    this.finished.set(plan_id, message);
    this.#send(driver, message);
  }

  giveBack(driver: CoordinatorDriver, { plan, attempt = 0 }: MessageOf<"AssignPlan">): void {
    this.running.delete(plan.plan_id);
    this.#send(driver, { type: "Busy", plan_id: plan.plan_id, attempt });
  }

  #cancel(driver: CoordinatorDriver, { plan_id, attempt }: MessageOf<"CancelPlan">): void {
    const run = this.running.get(plan_id);
    const result = { status: "Cancelled", duration_ms: 0, stopped: true } as const;
    if (run && run.attempt === attempt) return this.finish(driver, run, result);
    if (this.finished.get(plan_id)?.attempt === attempt) return;
    this.#send(driver, { type: "PlanResult", worker_id: this.id, plan_id, attempt, result });
  }

  #send(driver: CoordinatorDriver, message: Message): void {
    if (this.conn !== undefined) driver.receive(this.conn, message);
  }
}
