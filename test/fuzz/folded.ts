import type { MessageOf } from "@planwire/protocol";
import { Chance } from "../chance.js";
import { mutate, type Raw } from "./mutate.js";
import { sampleOf, type Names } from "./valid-messages.js";

type WithPlan = MessageOf<"Submit"> | MessageOf<"AssignPlan">;

/** So many plans come by shapes that others have, too. */
const SHARED_SHAPES = 20;

/** The message as one whose plan travels by its shape, which may be broken. `write` makes JSON of anything. */
export function folded(
  chance: Chance,
  message: WithPlan,
  names: Names,
  write: (value: unknown) => string,
): { readonly type: string; readonly plan: Raw } {
  const { plan_id, input, policy } = message.plan;
  const fixed = fixedOf(
    chance.happens(0.6)
      ? sampleOf(message.type, new Chance(chance.int(SHARED_SHAPES)), names)
      : message,
  );
  const shape = chance.happens(0.7) ? write(fixed) : brokenShape(chance, fixed, write);
  const label = chance.happens(0.2) && { metadata: { label: "fuzz" } };
  return { ...message, plan: { plan_id, shape, input, ...(policy && { policy }), ...label } };
}

function fixedOf(message: { readonly type: string }): object {
  const { plan_id: _id, input: _input, policy: _policy, ...fixed } = (message as WithPlan).plan;
  return fixed;
}

function brokenShape(chance: Chance, fixed: object, write: (value: unknown) => string): Raw {
  const text = write(fixed);
  const at = chance.int(text.length);
  return chance.pick<() => Raw>([
    () => write(mutate(chance, fixed)),
    () => write(mutate(chance, fixed)),
    () => write(mutate(chance, fixed)),
    () => text.slice(0, at),
    () => `${text.slice(0, at)}${chance.pick(['"', "}", "\u0000", "0"])}${text.slice(at + 1)}`,
    () => `${text} ${text}`,
    // The last of several equal keys counts.
    () => `{"plan":{"Leap":{}},${text.slice(1)}`,
    // Longer than what is remembered, and nothing else is wrong with it.
    () => `${text}${" ".repeat(20_000)}`,
    () => write({ plan: fixed, shape: text }),
    () => `{"plan":${'{"Sequence":['.repeat(20_000)}`,
    () => chance.pick<Raw>(["", "null", "[]", '"Empty"', null, 7, [text], fixed]),
  ])();
}
