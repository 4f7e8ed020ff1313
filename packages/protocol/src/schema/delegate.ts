import * as z from "zod/mini";
import { exactly, exactlyWhen } from "./exactly.js";
import { parse } from "./parse.js";

/** Where a transform reports its issues. */
export interface TransformContext {
  readonly issues: z.core.$ZodRawIssue[];
}

/** A schema that is one function: it takes anything, and reports issues for what it doesn't read. */
export function transform<Out>(
  read: (raw: unknown, ctx: TransformContext) => Out,
): z.ZodMiniType<Out> {
  return z.pipe(z.unknown(), z.transform(read)) as unknown as z.ZodMiniType<Out>;
}

/** Parses with another schema inside a transform; its issues become the transform's, under `at`. */
export function delegate<Out>(
  schema: z.ZodMiniType<Out>,
  raw: unknown,
  ctx: TransformContext,
  at: readonly string[] = [],
): Out {
  const { value, issues } = parse(schema, raw);
  if (issues.length === 0) return value;
  for (const issue of issues) ctx.issues.push({ ...issue, path: [...at, ...(issue.path ?? [])] });
  return z.NEVER;
}

/**
 * A schema that holds itself, where z.lazy would let zod see it: zod then notes all that it visits in weak maps, in every schema that
 * can hold this one (measured: 4 instead of 10 microseconds for an AssignPlan). What a decoder gives has no cycles; any other cycle
 * ends with the stack.
 */
export function recursive<Out>(schema: () => z.ZodMiniType<Out>): z.ZodMiniType<Out> {
  const held = transform((raw, ctx) => delegate(schema(), raw, ctx));
  return exactlyWhen(held, (raw) => exactly(schema())(raw));
}
