import { z } from "zod";

/**
 * Older peers write msgpack structs as arrays: the fields in declaration order, a tag first.
 * A schema's own key order is that order, so the inherited fields stand first in every struct,
 * in the order of DESIGN.md section 3, and what we added stands behind them.
 */
function nameFields(keys: readonly string[], fields: readonly unknown[]): Record<string, unknown> {
  const named: Record<string, unknown> = {};
  const length = Math.min(keys.length, fields.length);
  for (let i = 0; i < length; i++) named[keys[i] as string] = fields[i];
  return named;
}

/** A plain struct, read from a map with named fields or from a positional array. */
export function struct<Shape extends z.ZodRawShape>(shape: Shape) {
  const keys = Object.keys(shape);
  return z.preprocess((raw) => (Array.isArray(raw) ? nameFields(keys, raw) : raw), z.object(shape));
}

type TaggedOption = z.ZodObject<z.ZodRawShape>;
type TaggedOptions = readonly [TaggedOption, ...TaggedOption[]];

function tagOf(tag: string, option: TaggedOption): string {
  const literal = option.shape[tag];
  if (!(literal instanceof z.ZodLiteral)) throw new TypeError(`option lacks a literal ${tag}`);
  return String(literal.value);
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
  return z.preprocess(name, z.discriminatedUnion(tag, options as never)) as z.ZodType<
    z.infer<Options[number]>
  >;
}

/** `{"Variant": content}`: exactly one key names the variant. */
export function externallyTagged<Out>(
  what: string,
  variants: () => Readonly<Record<string, z.ZodType>>,
): z.ZodType<Out> {
  let table: ReadonlyMap<string, z.ZodType> | undefined;
  return z.unknown().transform((raw, ctx) => {
    table ??= new Map(Object.entries(variants()));
    const refuse = (message: string) => {
      ctx.issues.push({ code: "custom", message, input: raw, path: [] });
      return z.NEVER;
    };
    const names = [...table.keys()].join(", ");
    if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
      return refuse(`expected one ${what} of ${names}`);
    }
    const keys = Object.keys(raw);
    const [key] = keys;
    if (key === undefined || keys.length > 1) {
      return refuse(`expected exactly one ${what} of ${names}, got ${keys.length} keys`);
    }
    const schema = table.get(key);
    if (!schema) return refuse(`unknown ${what} "${key}", expected one of ${names}`);
    const parsed = schema.safeParse((raw as Record<string, unknown>)[key]);
    if (parsed.success) return { [key]: parsed.data } as Out;
    for (const issue of parsed.error.issues) {
      ctx.issues.push({ ...issue, input: raw, path: [key, ...issue.path] } as never);
    }
    return z.NEVER;
  }) as unknown as z.ZodType<Out>;
}
