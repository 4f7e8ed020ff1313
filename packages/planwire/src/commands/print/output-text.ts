import { fromValue, type Tensor } from "@planwire/plan";
import type { Value } from "@planwire/protocol";
import { prettyJson } from "./pretty-json.js";

/**
 * A plan's output for people and for pipes: text and bytes as they are, nothing for Empty, anything else as JSON. Bytes don't
 * go to a terminal.
 */
export function outputText(value: Value, isTerminal: boolean): string | Uint8Array {
  switch (value.type) {
    case "Empty":
      return "";
    case "Text":
      return value.data.endsWith("\n") ? value.data : `${value.data}\n`;
    case "Bytes":
    case "Object":
      return isTerminal
        ? `(${value.data.length} bytes: send them to a file with > FILE)\n`
        : value.data;
    case "Json":
    case "Record":
    case "Tensor":
      return `${prettyJson(plainJson(value))}\n`;
  }
}

/** A Value as JSON would say it: bytes as numbers, a Record as an object, a tensor as `{ dtype, shape, data }`, Empty as null. */
export function plainJson(value: Value): unknown {
  switch (value.type) {
    case "Empty":
      return null;
    case "Object":
      return value.data;
    case "Record":
      return Object.fromEntries(value.data.map(([key, member]) => [key, plainJson(member)]));
    case "Tensor": {
      const { dtype, shape, data } = fromValue(value) as Tensor;
      return { dtype, shape, data };
    }
    case "Json":
    case "Text":
    case "Bytes":
      return fromValue(value);
  }
}
