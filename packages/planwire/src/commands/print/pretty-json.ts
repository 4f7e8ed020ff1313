import { encodeText } from "@planwire/protocol";

const WIDTH = 100;

/** JSON for people: what fits on a line stays on one. Integers keep their digits. */
export function prettyJson(value: unknown, indent = ""): string {
  const flat = encodeText(value);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return flat;
  if (indent.length + flat.length <= WIDTH) return flat;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    return `[\n${value.map((item) => inner + prettyJson(item, inner)).join(",\n")}\n${indent}]`;
  }
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([key, member]) => `${inner}${JSON.stringify(key)}: ${prettyJson(member, inner)}`);
  return `{\n${members.join(",\n")}\n${indent}}`;
}
