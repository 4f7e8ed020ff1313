import type { ConnectionId, FixedPlan, Message, SerializedPlan } from "@planwire/protocol";
import { CoordinatorDriver, resultMessage, success } from "./coordinator-driver.js";
import { chanceOf, type Chance } from "./chance.js";
import { somePlan, someResult, withSharedShape } from "./story-plans.js";
import { StoryWorker } from "./story-worker.js";

interface StoryClient {
  conn: ConnectionId | undefined;
  /** Plans whose outcome it waits for, and how often it was told. */
  readonly waitsFor: Set<string>;
}

/** A round takes 1.5 s. What a worker that is gone held comes free within a lease. */
const ROUNDS_OF_A_LEASE = 25;
const MOST_ROUNDS = 200;
/** So that what seldom happens three times to one part does happen. */
const SETTINGS = { maxDeaths: 2, maxUnstarted: 2 };
const FULL = { type: "failed", reason: "disk full" } as const;

/**
 * A coordinator with workers of ours, an inherited one, clients and a store, to which things happen by chance: results, failures, lost connections,
 * new processes, cancels, writes that wait or fail, time, and new starts on the same store.
 */
export class RandomStory {
  driver = new CoordinatorDriver({ settings: SETTINGS });
  readonly told: string[] = [];
  readonly accepted = new Set<string>();
  readonly finishedOf = new Map<string, Set<string>>();
  readonly #chance: Chance;
  readonly #workers = ["a", "b", "c"].map((id) => new StoryWorker(id));
  #old: ConnectionId | undefined;
  #oldHolds: Extract<Message, { type: "AssignPlan" }>[] = [];
  readonly #clients: StoryClient[] = [0, 1].map(() => ({ conn: undefined, waitsFor: new Set() }));
  readonly #submitted: SerializedPlan[] = [];
  readonly #shapes = new Map<string, FixedPlan>();

  constructor(seed: number) {
    this.#chance = chanceOf(seed);
  }

  async run(steps: number): Promise<void> {
    for (let i = 0; i < steps; i++) {
      await this.#something();
      this.#deliver();
    }
    await this.#comeToRest();
  }

  async #something(): Promise<void> {
    const roll = this.#chance(100);
    if (roll < 22) return this.#submit();
    if (roll < 50) return this.#answer();
    if (roll < 56) return this.#connectWorker();
    if (roll < 61) return this.#disconnectWorker();
    if (roll < 66) return this.#answerOld();
    if (roll < 70) return this.#connectOld();
    if (roll < 72) return this.#disconnectOld();
    if (roll < 78) return this.#cancel();
    if (roll < 82) return this.#client();
    if (roll < 87) return this.#store();
    if (roll < 88) return this.#drain();
    if (roll < 93) return this.#passTime(this.#chance(12_000));
    if (roll < 95) return this.#readSlowly();
    if (roll < 98) return this.#disagree();
    return await this.#restart();
  }

  #note(what: string): void {
    this.told.push(what);
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[this.#chance(Math.max(1, items.length))];
  }

  #client(): void {
    const client = this.#pick(this.#clients);
    if (!client) return;
    if (client.conn !== undefined && this.#chance(3) === 0) {
      this.#note(`${client.conn} hangs up`);
      this.driver.disconnect(client.conn);
      client.conn = undefined;
    } else this.#connectClient(client);
  }

  #connectClient(client: StoryClient): ConnectionId {
    if (client.conn !== undefined) return client.conn;
    client.conn = this.driver.client();
    this.#note(`${client.conn} says Hello`);
    for (const plan_id of client.waitsFor) {
      this.driver.receive(client.conn, {
        type: "Watch",
        request_id: 7,
        plan_id,
        only_outcome: true,
      });
    }
    return client.conn;
  }

  #submit(): void {
    const client = this.#pick(this.#clients);
    if (!client) return;
    const conn = this.#connectClient(client);
    const again = this.#chance(5) === 0 ? this.#pick(this.#submitted) : undefined;
    const plan = again ?? this.#somePlan(this.#submitted.length);
    if (!again) this.#submitted.push(plan);
    client.waitsFor.add(plan.plan_id);
    this.#note(`${conn} submits ${plan.plan_id}`);
    this.driver.submit(conn, plan, { watch: true, only_outcome: true });
  }

  /** Two of three come by their shape. */
  #somePlan(number: number): SerializedPlan {
    const plan = somePlan(this.#chance, `p${number}`);
    return number % 3 === 0 ? plan : withSharedShape(this.#shapes, plan);
  }

  #answer(): void {
    const worker = this.#pick(this.#workers.filter(({ running }) => running.size > 0));
    const assigned = worker && this.#pick([...worker.running.values()]);
    if (!worker || !assigned) return;
    const { plan_id } = assigned.plan;
    if (this.#chance(3) === 0) return worker.begin(this.driver, assigned);
    if (worker.conn !== undefined && this.#chance(8) === 0) {
      this.#note(`${worker.id} gives ${plan_id} back`);
      return worker.giveBack(this.driver, assigned);
    }
    const result = someResult(this.#chance);
    const isUnread = worker.conn !== undefined && this.#chance(12) === 0;
    const how = isUnread ? "unread" : result.status;
    this.#note(`${worker.id} ends ${plan_id} ${assigned.attempt}: ${how}`);
    if (isUnread) worker.finishUnread(this.driver, assigned, result);
    else worker.finish(this.driver, assigned, result);
  }

  #connectWorker(): void {
    const worker = this.#pick(this.#workers.filter(({ conn }) => conn === undefined));
    if (!worker) return;
    const asNew = this.#chance(3) === 0;
    this.#note(`${worker.id} comes${asNew ? " as a new process" : ""}`);
    worker.connect(this.driver, asNew);
  }

  #disconnectWorker(): void {
    const worker = this.#pick(this.#workers.filter(({ conn }) => conn !== undefined));
    if (worker?.conn === undefined) return;
    this.#note(`${worker.id} is lost`);
    this.driver.disconnect(worker.conn);
    worker.conn = undefined;
  }

  #connectOld(): void {
    if (this.#old !== undefined) return;
    this.#note("old comes");
    this.#old = this.driver.inherited("old");
  }

  #disconnectOld(): void {
    if (this.#old === undefined) return;
    this.#note("old is lost");
    this.driver.disconnect(this.#old);
    this.#old = undefined;
    this.#oldHolds = [];
  }

  #answerOld(): void {
    const assigned = this.#oldHolds.shift();
    if (!assigned || this.#old === undefined) return;
    this.#note(`old answers ${assigned.plan.plan_id}`);
    this.driver.receive(this.#old, resultMessage(assigned, success({ type: "Json", data: 1 })));
  }

  #cancel(): void {
    const plan = this.#pick(this.#submitted);
    const client = this.#pick(this.#clients.filter(({ conn }) => conn !== undefined));
    if (!plan || client?.conn === undefined) return;
    this.#note(`${client.conn} cancels ${plan.plan_id}`);
    this.driver.receive(client.conn, { type: "Cancel", request_id: 8, plan_id: plan.plan_id });
  }

  #store(): void {
    const { driver } = this;
    if (!driver.holdsWrites) driver.holdsWrites = this.#chance(2) === 0;
    else if (this.#chance(4) === 0) {
      this.#note("writes fail");
      driver.answerWrites(FULL);
    } else {
      driver.holdsWrites = false;
      driver.answerWrites();
    }
  }

  #passTime(ms: number): void {
    this.#note(`${ms} ms pass`);
    this.driver.passTime(ms);
    if (this.#chance(3) > 0) this.#heartbeats();
  }

  /** A client stops reading, or has caught up with what it was sent. */
  #readSlowly(): void {
    const conn = this.#pick(this.#clients)?.conn;
    if (conn === undefined) return;
    if (this.driver.slow.has(conn)) return this.driver.drain(conn);
    this.#note(`${conn} reads slowly`);
    this.driver.step({ type: "connectionBlocked", conn });
  }

  #heartbeats(): void {
    for (const worker of this.#workers) worker.heartbeat(this.driver);
  }

  /** A worker goes deaf, hears again, or has lost an attempt; then come heartbeats, with nothing in between. */
  #disagree(): void {
    const worker = this.#pick(this.#workers);
    const lost = worker && this.#pick([...worker.running.keys()]);
    const roll = this.#chance(6);
    if (worker && roll < 2) {
      this.#note(`${worker.id} is deaf`);
      worker.isDeaf = true;
    } else if (worker?.isDeaf && roll < 4) {
      this.#note(`${worker.id} hears again`);
      worker.hearAgain(this.driver);
    } else if (lost !== undefined && roll < 5) {
      this.#note(`${worker?.id} forgets ${lost}`);
      worker?.running.delete(lost);
    }
    for (let beats = this.#chance(4); beats >= 0; beats--) {
      this.#heartbeats();
      this.driver.passTime(this.#chance(6_000));
    }
  }

  #drain(): void {
    const worker = this.#pick(this.#workers);
    const client = this.#pick(this.#clients.filter(({ conn }) => conn !== undefined));
    if (!worker || client?.conn === undefined) return;
    this.#note(`${client.conn} drains ${worker.id}`);
    this.driver.receive(client.conn, { type: "Drain", request_id: 9, worker_id: worker.id });
  }

  /** Who was sent away and has nothing left goes, and may come again as another process. */
  #leave(): void {
    for (const worker of this.#workers) {
      const { conn, isLeaving, running, finished } = worker;
      if (conn === undefined || !isLeaving || running.size + finished.size > 0) continue;
      this.#note(`${worker.id} leaves`);
      this.driver.step({ type: "connectionClosed", conn, reason: "leaving" });
      worker.conn = undefined;
      worker.die();
    }
  }

  async #restart(): Promise<void> {
    this.#note("the coordinator is started anew");
    this.driver = await this.driver.restarted({ settings: SETTINGS });
    for (const worker of this.#workers) worker.conn = undefined;
    for (const client of this.#clients) client.conn = undefined;
    this.#old = undefined;
    this.#oldHolds = [];
  }

  /** Everybody hears what was sent to them. */
  #deliver(): void {
    const { driver } = this;
    for (let sent = driver.sent.splice(0); sent.length > 0; sent = driver.sent.splice(0)) {
      for (const { conn, message } of sent) this.#hear(conn, message);
    }
    this.#leave();
    for (const { conn } of driver.closed.splice(0)) {
      driver.disconnect(conn);
      for (const worker of this.#workers) if (worker.conn === conn) worker.conn = undefined;
      if (this.#old === conn) this.#old = undefined;
    }
  }

  #hear(conn: ConnectionId, message: Message): void {
    const worker = this.#workers.find((one) => one.conn === conn);
    if (worker) return this.#workerHears(worker, message);
    if (conn === this.#old) {
      if (message.type === "AssignPlan") this.#oldHolds.push(message);
      return;
    }
    const client = this.#clients.find((one) => one.conn === conn);
    if (client) this.#clientHears(client, message);
  }

  /** What it is given begins at once, or later, or never. */
  #workerHears(worker: StoryWorker, message: Message): void {
    worker.take(this.driver, message);
    if (message.type !== "AssignPlan" || this.#chance(2) === 0) return;
    const assigned = worker.running.get(message.plan.plan_id);
    if (assigned) worker.begin(this.driver, assigned);
  }

  #clientHears(client: StoryClient, message: Message): void {
    if (message.type === "Accepted") {
      this.accepted.add(message.plan_id);
      if (!message.existing || client.conn === undefined) return;
      const watch = { request_id: 7, plan_id: message.plan_id, only_outcome: true };
      this.driver.receive(client.conn, { type: "Watch", ...watch });
    }
    if (message.type === "PlanEvent" && message.event.kind === "Finished") {
      const { plan_id, event } = message;
      const outcomes = this.finishedOf.get(plan_id) ?? new Set();
      this.finishedOf.set(plan_id, outcomes.add(JSON.stringify(event.outcome)));
      client.waitsFor.delete(plan_id);
    }
    if (message.type !== "Error" || message.plan_id === undefined) return;
    const { plan_id, request_id } = message;
    // What was never accepted may be gone; a real client submits it again.
    if (request_id === 1 || !this.accepted.has(plan_id)) client.waitsFor.delete(plan_id);
  }

  /** Nothing goes wrong any more, everybody is there and works off what there is. */
  async #comeToRest(): Promise<void> {
    this.#note("all is well from here on");
    const { driver } = this;
    driver.holdsWrites = false;
    driver.answerWrites();
    for (let round = 0; round < MOST_ROUNDS; round++) {
      if (round > ROUNDS_OF_A_LEASE && (await this.unrest()).length === 0) return;
      for (const worker of this.#workers) {
        if (worker.conn === undefined) worker.connect(driver, false);
        else if (worker.isDeaf) worker.hearAgain(driver);
      }
      if (this.#old === undefined) this.#old = driver.inherited("old");
      for (const client of this.#clients) this.#connectClient(client);
      for (const conn of driver.slow) driver.drain(conn);
      this.#deliver();
      await driver.answerQuestions();
      this.#deliver();
      for (const worker of this.#workers) {
        for (const assigned of worker.running.values()) {
          worker.finish(driver, assigned, success({ type: "Json", data: 1 }));
        }
      }
      this.#answerOld();
      this.#heartbeats();
      driver.passTime(1_500);
      this.#deliver();
    }
  }

  /** What should not be at rest. */
  async unrest(): Promise<string[]> {
    const { state } = this.driver.core;
    const live = [...state.executions.values()].filter(({ outcome }) => !outcome);
    const holding = [...state.workers.values()].filter(({ held }) => held.size > 0);
    const waiting = this.#clients.flatMap(({ waitsFor }) => [...waitsFor]);
    const lost: string[] = [];
    for (const planId of this.accepted) {
      const stored = await this.driver.store.get(planId);
      if (!stored?.outcome) lost.push(`${planId} was accepted, and has no outcome`);
    }
    return [
      ...live.map(({ planId, state: now }) => `${planId} is still ${now}`),
      ...holding.map(({ workerId, held }) => `${workerId} still holds ${[...held.keys()].join()}`),
      ...this.#workers.flatMap(({ id, finished }) =>
        [...finished.keys()].map((partId) => `${id}'s result of ${partId} was never acknowledged`),
      ),
      ...waiting.map((planId) => `a client still waits for ${planId}`),
      ...[...this.finishedOf].flatMap(([planId, outcomes]) =>
        outcomes.size === 1 ? [] : [`${planId} ended in ${outcomes.size} ways`],
      ),
      ...lost,
    ];
  }
}
