import { PlanwireError } from "@planwire/protocol";

export type ValuePath = readonly (string | number)[];

/** `$.rows[3]["my key"]` */
export function formatPath(path: ValuePath): string {
  let text = "$";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  }
  return text;
}

const HINTS: Record<string, string> = {
  Date: "send date.toISOString() or date.getTime()",
  Map: "send Object.fromEntries(map) or [...map]",
  Set: "send [...set]",
  NaN: "send null, or a Float64Array, which may hold NaN and infinities",
  Infinity: "send null, or a Float64Array, which may hold NaN and infinities",
  "-Infinity": "send null, or a Float64Array, which may hold NaN and infinities",
  undefined: "send null",
  ArrayBuffer: "send new Uint8Array(buffer)",
  Error: "send { message: error.message }",
  "cyclic reference": "send ids instead of references",
};

export function cannotTravel(path: ValuePath, found: string): PlanwireError<"VALUE_UNSUPPORTED"> {
  const where = formatPath(path);
  const hint = Object.hasOwn(HINTS, found) ? HINTS[found] : undefined;
  return new PlanwireError("VALUE_UNSUPPORTED", `this value cannot travel: ${where}: ${found}`, {
    details: { path: where, found },
    hint: hint ?? "send plain data: JSON, bytes (Uint8Array), typed arrays, { dtype, shape, data }",
  });
}
