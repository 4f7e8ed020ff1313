import type * as z from "zod/mini";
import { ZodMiniObject } from "zod/mini";
import { $constructor, $ZodObjectJIT } from "zod/v4/core";

/**
 * An object of zod/mini that compiles its shape, as zod's larger flavour does: measured to save 7 of 16 microseconds for an
 * AssignPlan. Where a page's policy forbids making code from text it walks the shape, as zod/mini always would.
 */
const CompiledObject: z.core.$constructor<z.ZodMiniObject> = $constructor(
  "CompiledObject",
  (schema, def) => {
    $ZodObjectJIT.init(schema, def);
    ZodMiniObject.init(schema, def);
  },
);

/** z.object, but faster. */
export function object<Shape extends z.core.$ZodShape>(
  shape: Shape,
): z.ZodMiniObject<Shape, z.core.$strip> {
  return new CompiledObject({ type: "object", shape }) as z.ZodMiniObject<Shape, z.core.$strip>;
}
