import { pathText } from "../issues.js";
import { PlanwireError } from "../errors.js";
import { fits64 } from "./integers.js";

/** Whether JSON.stringify writes this as it should be: no bigint, bytes, typed array, -0 or integral float beyond 2^53. */
export function isPlainJson(value: unknown): boolean {
  switch (typeof value) {
    case "number":
      return isPlainNumber(value);
    case "object":
      return (
        value === null || (Array.isArray(value) ? value.every(isPlainJson) : isPlainObject(value))
      );
    case "bigint":
      return false;
    default:
      return true;
  }
}

function isPlainObject(value: object): boolean {
  if (ArrayBuffer.isView(value)) return false;
  // A list of its own keys takes more than twice the time. An inherited member that isn't plain costs time alone: what writes then has own keys.
  for (const key in value) {
    if (!isPlainJson((value as Record<string, unknown>)[key])) return false;
  }
  return true;
}

function isPlainNumber(value: number): boolean {
  if (value === 0) return 1 / value > 0;
  const size = Math.abs(value);
  return size <= Number.MAX_SAFE_INTEGER || size >= 1e21;
}

/** Writes what JSON.stringify would lose or refuse; measured at two to three times its time. */
export function writeJson(root: unknown): string {
  return write(root, []) ?? "null";
}

type Path = (string | number)[];

function write(value: unknown, path: Path): string | undefined {
  switch (typeof value) {
    case "number":
      return numberText(value);
    case "bigint":
      if (!fits64(value)) throw unsupported(path, "an integer beyond 64 bits");
      return value.toString();
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return writeArray(value, path);
      return ArrayBuffer.isView(value) ? writeView(value, path) : writeObject(value, path);
    default:
      return JSON.stringify(value);
  }
}

function writeArray(items: readonly unknown[], path: Path): string {
  let text = "[";
  for (let i = 0; i < items.length; i++) {
    path.push(i);
    text += `${i === 0 ? "" : ","}${write(items[i], path) ?? "null"}`;
    path.pop();
  }
  return `${text}]`;
}

function writeObject(value: object, path: Path): string {
  let text = "{";
  for (const key of Object.keys(value)) {
    path.push(key);
    const member = write((value as Record<string, unknown>)[key], path);
    path.pop();
    if (member !== undefined) text += `${text === "{" ? "" : ","}${JSON.stringify(key)}:${member}`;
  }
  return `${text}}`;
}

function writeView(view: ArrayBufferView, path: Path): string {
  if (view instanceof Float64Array || view instanceof Float32Array) {
    return `[${Array.from(view, numberText).join(",")}]`;
  }
  if (view instanceof Uint8Array || view instanceof Int32Array || view instanceof BigInt64Array) {
    return `[${view.join(",")}]`;
  }
  throw unsupported(path, view.constructor.name);
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) return "null";
  if (isPlainNumber(value)) return String(value);
  return value === 0 ? "-0.0" : `${value}.0`;
}

export function unsupported(
  path: readonly (string | number)[],
  found: string,
): PlanwireError<"VALUE_UNSUPPORTED"> {
  const where = pathText(path);
  return new PlanwireError(
    "VALUE_UNSUPPORTED",
    `${where === "" ? "this value" : where} can't travel: ${found}`,
    {
      details: { path: where, found },
    },
  );
}
