import {
  PlanwireError,
  type ConnectionId,
  type HeldAttempt,
  type Message,
  type MessageOf,
  type PlanResult,
} from "@planwire/protocol";
import { registerMessage, type CoordinatorDriver } from "./coordinator-driver.js";

/** A worker of ours as a story sees it: what it holds, and the results that nobody acknowledged yet. */
export class StoryWorker {
  readonly id: string;
  conn: ConnectionId | undefined;
  #incarnation = 1;
  readonly running = new Map<string, MessageOf<"AssignPlan">>();
  /** Of those that run, whose first leaf has started. */
  readonly #begun = new Set<MessageOf<"AssignPlan">>();
  readonly finished = new Map<string, MessageOf<"PlanResult">>();
  /** Messages handled since Registered, and while it is deaf those that lie there. */
  #handled = 0;
  #unhandled: Message[] = [];
  isDeaf = false;
  /** It was sent away: when nothing is left, it goes. */
  isLeaving = false;

  constructor(id: string) {
    this.id = id;
  }

  /** Dials in: as the process it was, or as another one, which holds nothing. */
  connect(driver: CoordinatorDriver, asNewProcess: boolean): void {
    if (asNewProcess) this.die();
    this.isDeaf = false;
    this.#unhandled = [];
    this.conn = driver.connect();
    driver.receive(this.conn, this.#register());
    for (const result of this.finished.values()) this.#send(driver, result);
  }

  die(): void {
    this.#incarnation += 1;
    this.isLeaving = false;
    this.running.clear();
    this.finished.clear();
  }

  #register(): MessageOf<"Register"> {
    const incarnation = `${this.id}-${this.#incarnation}`;
    const more = { max_concurrent: 2, incarnation, resume: this.#held() };
    return registerMessage(this.id, ["f", "g"], more);
  }

  #held(): HeldAttempt[] {
    const held: HeldAttempt[] = [];
    for (const [plan_id, assigned] of this.running) {
      const { attempt = 0 } = assigned;
      held.push({ plan_id, attempt, state: this.#begun.has(assigned) ? "running" : "assigned" });
    }
    for (const [plan_id, { attempt = 0 }] of this.finished) {
      held.push({ plan_id, attempt, state: "finished" });
    }
    return held;
  }

  heartbeat(driver: CoordinatorDriver): void {
    if (this.conn === undefined) return;
    const books = { handled: this.#handled, held: this.#held() };
    const status = this.isLeaving ? "draining" : "ready";
    driver.heartbeat(this.conn, { ...books, status, worker_id: this.id });
  }

  take(driver: CoordinatorDriver, message: Message): void {
    if (this.isDeaf) this.#unhandled.push(message);
    else this.#handle(driver, message);
  }

  /** It handles what lies there. */
  hearAgain(driver: CoordinatorDriver): void {
    this.isDeaf = false;
    for (const message of this.#unhandled.splice(0)) this.#handle(driver, message);
  }

  #handle(driver: CoordinatorDriver, message: Message): void {
    this.#handled += 1;
    switch (message.type) {
      case "Registered":
        this.#handled = 0;
        return;
      case "AssignPlan":
        return this.#assign(driver, message);
      case "CancelPlan":
        return this.#cancel(driver, message);
      case "StatusRequest":
        return this.#send(driver, this.#register());
      case "Ping":
        return this.#send(driver, { type: "Pong" });
      case "Shutdown":
        this.isLeaving = true;
        return;
      case "HeartbeatAck":
        return this.#compare(driver, message.held ?? []);
      case "ResultAck":
        if (this.finished.get(message.id)?.attempt === message.attempt)
          this.finished.delete(message.id);
        return;
      default:
        return;
    }
  }

  #assign(driver: CoordinatorDriver, message: MessageOf<"AssignPlan">): void {
    const { plan, attempt = 0 } = message;
    if (!this.isLeaving) this.running.set(plan.plan_id, message);
    else this.#send(driver, { type: "Busy", plan_id: plan.plan_id, attempt });
  }

  /** What nobody holds is stopped; a result that was not understood is told as a failure. */
  #compare(driver: CoordinatorDriver, theirs: readonly HeldAttempt[]): void {
    const wanted = new Map(theirs.map(({ plan_id, attempt }) => [plan_id, attempt]));
    for (const [partId, { attempt }] of this.running) {
      if (wanted.get(partId) !== attempt) this.running.delete(partId);
    }
    for (const [partId, message] of this.finished) {
      if (wanted.get(partId) !== message.attempt) continue;
      const result = { status: "Failed", error: "unread", duration_ms: 0 } as const;
      const failure = { ...message, result };
      this.finished.set(partId, failure);
      this.#send(driver, failure);
    }
  }

  begin(driver: CoordinatorDriver, assigned: MessageOf<"AssignPlan">): void {
    const { plan, attempt = 0 } = assigned;
    this.#begun.add(assigned);
    this.#send(driver, { type: "Started", plan_id: plan.plan_id, attempt });
  }

  finish(driver: CoordinatorDriver, assigned: MessageOf<"AssignPlan">, result: PlanResult): void {
    this.#send(driver, this.#finished(assigned, result));
  }

  /** Its result arrives as something that nobody understands. */
  finishUnread(
    driver: CoordinatorDriver,
    assigned: MessageOf<"AssignPlan">,
    result: PlanResult,
  ): void {
    const { conn } = this;
    this.#finished(assigned, result);
    const error = new PlanwireError("INVALID_MESSAGE", "it broke on its way");
    if (conn !== undefined) driver.step({ type: "receivedBroken", conn, error, isError: false });
  }

  #finished(assigned: MessageOf<"AssignPlan">, result: PlanResult): MessageOf<"PlanResult"> {
    const { plan_id } = assigned.plan;
    const attempt = assigned.attempt ?? 0;
    this.running.delete(plan_id);
    const message = { type: "PlanResult", worker_id: this.id, plan_id, attempt, result } as const;
    this.finished.set(plan_id, message);
    return message;
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
