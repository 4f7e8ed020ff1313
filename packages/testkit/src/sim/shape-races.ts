import { shapeOf, type Message, type SerializedPlan } from "@planwire/protocol";
import type { Coverage } from "./coverage.js";
import { planOfPart } from "./describe-message.js";

/** Counts what becomes of plans that came by their shape. Who reads a plan whole gives it none. */
export class ShapeRaces {
  readonly #coverage: Coverage;
  /** Ids of plans that came by a shape, by its text. */
  readonly #submitted = new Map<string, Set<string>>();
  readonly #shaped = new Set<string>();

  constructor(coverage: Coverage) {
    this.#coverage = coverage;
  }

  /** What the coordinator hears. */
  hears(message: Message): void {
    if (message.type === "Submit") this.#submits(message.plan);
  }

  /** What a worker of ours hears. */
  isAssigned(message: Message): void {
    if (message.type !== "AssignPlan") return;
    const { plan } = message;
    if (shapeOf(plan)) this.#count("an assignment travels by its shape");
    else if (this.#shaped.has(planOfPart(plan.plan_id))) {
      const isWhole = plan.plan_id === planOfPart(plan.plan_id);
      this.#count(
        isWhole
          ? "a plan that came by its shape is assigned whole, after a restart"
          : "a part of a plan that came by its shape is assigned",
      );
    }
  }

  /** What an old worker is told. */
  isAssignedToOld(message: Message): void {
    if (message.type === "AssignPlan" && this.#shaped.has(planOfPart(message.plan.plan_id)))
      this.#count("an old worker is given what came by a shape");
  }

  #submits(plan: SerializedPlan): void {
    const shape = shapeOf(plan);
    if (shape === undefined) return;
    this.#count("a submission travels by its shape");
    this.#shaped.add(plan.plan_id);
    const ids = this.#submitted.get(shape.text) ?? new Set();
    this.#submitted.set(shape.text, ids.add(plan.plan_id));
    if (ids.size > 1) this.#count("another plan of the same shape is submitted");
  }

  #count(what: string): void {
    this.#coverage.count(`race: ${what}`);
  }
}
