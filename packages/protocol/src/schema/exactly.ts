import type * as z from "zod/mini";

/**
 * Most messages are just what their schema says: nothing in them is to be read otherwise, left out or refused. `exactly(schema)` tells so of what a
 * decoder gave, by the same schema, and what it passes is what a parse would give, without the copy. Where it says no, nothing is
 * known: the parse decides.
 */
export type Exactly = (raw: unknown) => boolean;

const known = new WeakMap<z.core.$ZodType, Exactly>();

export function exactly(schema: z.core.$ZodType): Exactly {
  const before = known.get(schema);
  if (before) return before;
  const isExact = compile(schema as z.core.$ZodTypes);
  known.set(schema, isExact);
  return isExact;
}

/** For a schema that is a function: when it gives what it was given. */
export function exactlyWhen<S extends z.core.$ZodType>(schema: S, isExact: Exactly): S {
  known.set(schema, isExact);
  return schema;
}

const never: Exactly = () => false;

function compile(schema: z.core.$ZodTypes): Exactly {
  const { def } = schema._zod;
  const checks = (def.checks ?? []).map(checked);
  const one = byType(schema);
  if (checks.length === 0) return one;
  return (raw) => one(raw) && checks.every((check) => check(raw));
}

function byType(schema: z.core.$ZodTypes): Exactly {
  const { def } = schema._zod;
  switch (def.type) {
    case "string":
      return (raw) => typeof raw === "string";
    case "number":
      return "format" in def && def.format === "safeint" ? Number.isSafeInteger : Number.isFinite;
    case "bigint":
      return (raw) => typeof raw === "bigint";
    case "boolean":
      return (raw) => typeof raw === "boolean";
    case "literal":
    case "enum": {
      const values = new Set<unknown>(
        def.type === "literal" ? def.values : Object.values(def.entries),
      );
      const [only] = values;
      return values.size === 1 ? (raw) => raw === only : (raw) => values.has(raw);
    }
    case "optional": {
      const inner = exactly(def.innerType);
      return (raw) => raw === undefined || inner(raw);
    }
    case "nullable": {
      const inner = exactly(def.innerType);
      return (raw) => raw === null || inner(raw);
    }
    case "array": {
      const element = exactly(def.element);
      return (raw) => Array.isArray(raw) && raw.every(element);
    }
    case "tuple": {
      const items = def.items.map(exactly);
      return (raw) =>
        Array.isArray(raw) && raw.length === items.length && items.every((item, i) => item(raw[i]));
    }
    case "record":
      return isRecordOf(exactly(def.keyType), exactly(def.valueType));
    case "object":
      return isObjectOf(def.shape, def.catchall && exactly(def.catchall));
    case "union":
      return isOneOf(def);
    default:
      return never;
  }
}

function isOneOf(def: z.core.$ZodUnionDef | z.core.$ZodDiscriminatedUnionDef): Exactly {
  if (!("discriminator" in def)) {
    // What is exactly one option no option before it reads: ours exclude each other.
    const options = def.options.map(exactly);
    return (raw) => options.some((option) => option(raw));
  }
  const { discriminator } = def;
  const byTag = new Map<unknown, Exactly>();
  for (const option of def.options) {
    const literal = (option as z.ZodMiniObject<z.core.$ZodShape>).shape[discriminator];
    for (const value of (literal as z.ZodMiniLiteral).def.values) byTag.set(value, exactly(option));
  }
  return (raw) => {
    if (typeof raw !== "object" || raw === null) return false;
    return byTag.get((raw as Record<string, unknown>)[discriminator])?.(raw) ?? false;
  };
}

function isObjectOf(shape: z.core.$ZodShape, rest: Exactly | undefined): Exactly {
  const fields = Object.entries(shape).map(([key, schema]) => ({ key, is: exactly(schema) }));
  const names = new Set(Object.keys(shape));
  return (raw) => {
    if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return false;
    const members = raw as Record<string, unknown>;
    let missing = 0;
    for (let i = 0; i < fields.length; i++) {
      const { key, is } = fields[i] as (typeof fields)[number];
      const member = members[key];
      if (member === undefined) missing += 1;
      if (!is(member)) return false;
    }
    let count = 0;
    for (const key in members) {
      if (rest && !names.has(key)) {
        if (key === "__proto__" || !rest(members[key])) return false;
      } else count += 1;
    }
    return count === fields.length - missing;
  };
}

function isRecordOf(isKey: Exactly, isValue: Exactly): Exactly {
  return (raw) => {
    if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return false;
    for (const key in raw) {
      if (key === "__proto__" || !isKey(key)) return false;
      if (!isValue((raw as Record<string, unknown>)[key])) return false;
    }
    return true;
  };
}

function checked(check: z.core.$ZodCheck<never>): Exactly {
  const { def } = (check as z.core.$ZodChecks)._zod;
  switch (def.check) {
    case "min_length":
      return (raw) => (raw as string).length >= def.minimum;
    case "max_length":
      return (raw) => (raw as string).length <= def.maximum;
    case "length_equals":
      return (raw) => (raw as string).length === def.length;
    case "greater_than":
      return def.inclusive
        ? (raw) => (raw as z.core.util.Numeric) >= def.value
        : (raw) => (raw as z.core.util.Numeric) > def.value;
    case "less_than":
      return def.inclusive
        ? (raw) => (raw as z.core.util.Numeric) <= def.value
        : (raw) => (raw as z.core.util.Numeric) < def.value;
    default:
      return (raw) => {
        const payload = { value: raw as never, issues: [] };
        void check._zod.check(payload);
        return payload.issues.length === 0;
      };
  }
}
