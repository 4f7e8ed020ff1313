import type { Message, MessageType } from "@planwire/protocol";
import type { SimProcess } from "./sim-process.js";
import type { World } from "./world.js";

/** In percent. */
const SAID_AGAIN = 50;
const LATER = 40;
const LATEST_MS = 800;

/**
 * What a process may say twice on a connection, as PROTOCOL.md has it under "said twice": at any time, or only before whatever it says next
 * of the same.
 */
const REPEATABLE: Partial<Record<MessageType, "atOnce" | "atAnyTime">> = {
  AssignPlan: "atOnce",
  Busy: "atAnyTime",
  Cancel: "atAnyTime",
  CancelPlan: "atAnyTime",
  Event: "atOnce",
  Get: "atAnyTime",
  Heartbeat: "atOnce",
  PlanResult: "atAnyTime",
  Recalled: "atAnyTime",
  ResultAck: "atAnyTime",
  Started: "atAnyTime",
  StreamCancel: "atAnyTime",
  StreamCredit: "atAnyTime",
  Submit: "atAnyTime",
  Watch: "atOnce",
};

/** A process that for a while says some of its messages twice. Each copy is a message of its own, and counted as one. */
export class Repeats {
  readonly #world: World;
  readonly #process: SimProcess;
  #until = 0;

  constructor(world: World, process: SimProcess) {
    this.#world = world;
    this.#process = process;
  }

  begin(ms: number): void {
    this.#until = this.#process.now.mono + ms;
  }

  /** Calls `again` where it is chance to say this message twice: behind all that is said in the same step, or later. */
  consider(message: Message, again: () => void): void {
    const { chance, coverage } = this.#world;
    const when = REPEATABLE[message.type];
    if (when === undefined || this.#process.now.mono >= this.#until) return;
    if (!chance.happens(SAID_AGAIN)) return;
    const isLater = when === "atAnyTime" && chance.happens(LATER);
    this.#process.after(isLater ? chance.between(1, LATEST_MS) : 0, () => {
      coverage.count(`race: ${message.type} is said twice`);
      again();
    });
  }
}
