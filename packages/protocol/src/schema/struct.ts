import * as z from "zod/mini";
import { delegate, transform } from "./delegate.js";
import { exactly, exactlyWhen } from "./exactly.js";
import { object } from "./object.js";

/**
 * Older peers write msgpack structs as arrays: the fields in declaration order, a tag first.
 * A schema's own key order is that order, so the inherited fields stand first in every struct,
 * in the order that PROTOCOL.md gives, and what we added stands behind them.
 */
function nameFields(keys: readonly string[], fields: readonly unknown[]): Record<string, unknown> {
  const named: Record<string, unknown> = {};
  const length = Math.min(keys.length, fields.length);
  for (let i = 0; i < length; i++) named[keys[i] as string] = fields[i];
  return named;
}

/** A plain struct, read from a map with named fields or from a positional array. */
export function struct<Shape extends z.core.$ZodShape>(shape: Shape) {
  const keys = Object.keys(shape);
  const named = object(shape);
  const either = z.pipe(
    z.transform((raw: unknown) => (Array.isArray(raw) ? nameFields(keys, raw) : raw)),
    named,
  );
  return exactlyWhen(either, exactly(named));
}

type TaggedOption = z.ZodMiniObject<z.core.$ZodShape>;
type TaggedOptions = readonly [TaggedOption, ...TaggedOption[]];

function tagOf(tag: string, option: TaggedOption): string {
  const literal = option.shape[tag];
  if (!(literal instanceof z.ZodMiniLiteral)) throw new TypeError(`option lacks a literal ${tag}`);
  return String(literal.def.values[0]);
}

/** Variants told apart by a field named `tag`, wherever it stands; positional arrays carry it first. */
export function tagged<const Tag extends string, const Options extends TaggedOptions>(
  tag: Tag,
  options: Options,
) {
  const keysByTag = new Map(
    options.map((option) => [tagOf(tag, option), Object.keys(option.shape)]),
  );
  const name = (raw: unknown): unknown => {
    if (!Array.isArray(raw)) return raw;
    const keys = keysByTag.get(String(raw[0])) ?? [tag];
    return nameFields(keys, raw);
  };
  const named = z.discriminatedUnion(tag, options as never);
  const either = z.pipe(z.transform(name), named);
  return exactlyWhen(either, exactly(named)) as unknown as z.ZodMiniType<z.infer<Options[number]>>;
}

/** `{"Variant": content}`: exactly one key names the variant; a variant without content is its bare name. */
export function externallyTagged<Out>(
  what: string,
  bare: readonly string[],
  variants: () => Readonly<Record<string, z.ZodMiniType>>,
): z.ZodMiniType<Out> {
  let table: ReadonlyMap<string, z.ZodMiniType> | undefined;
  return transform((raw, ctx) => {
    if (typeof raw === "string" && bare.includes(raw)) return raw as Out;
    const schemas = (table ??= new Map(Object.entries(variants())));
    const [key, second] = isMap(raw) ? Object.keys(raw) : [];
    const schema = key === undefined || second !== undefined ? undefined : schemas.get(key);
    if (key === undefined || !schema) {
      const message = variantFault(what, [...bare, ...schemas.keys()], raw);
      ctx.issues.push({ code: "custom", message, input: raw, path: [] });
      return z.NEVER;
    }
    return { [key]: delegate(schema, (raw as Record<string, unknown>)[key], ctx, [key]) } as Out;
  });
}

function isMap(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw);
}

function variantFault(what: string, names: readonly string[], raw: unknown): string {
  const expected = `expected one ${what} of ${names.join(", ")}`;
  const keys = isMap(raw) ? Object.keys(raw) : typeof raw === "string" ? [raw] : undefined;
  if (!keys) return expected;
  if (keys.length !== 1) return `${expected}, found ${keys.length} keys`;
  return `unknown ${what} ${JSON.stringify(keys[0]?.slice(0, 64))}, expected one of ${names.join(", ")}`;
}
