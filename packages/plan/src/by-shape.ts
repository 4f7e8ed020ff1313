import { shapeOf, type PlanShape, type SerializedPlan } from "@planwire/protocol";

/** Computes what depends on a plan's shape alone once for each shape. What it gives is shared: nobody may change it. */
export function byShape<T extends object>(
  compute: (plan: SerializedPlan) => T,
): (plan: SerializedPlan) => T {
  const computed = new WeakMap<PlanShape, T>();
  return (plan) => {
    const shape = shapeOf(plan);
    if (!shape) return compute(plan);
    const known = computed.get(shape);
    if (known) return known;
    const made = compute(plan);
    computed.set(shape, made);
    return made;
  };
}
