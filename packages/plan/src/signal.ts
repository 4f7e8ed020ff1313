import type { JsonValue, Value } from "@planwire/protocol";

/** What a value says to the Branch or Loop that it reaches. */
export interface Signal {
  /** The arm that a Branch takes: a string, "true" or "false", or what the `branch` field holds. */
  arm?: string;
  /** Whether a Loop stops: `true`, "done", "stop", `{ done: true }`, Empty. */
  stop: boolean;
  /** The value itself where it is a boolean or a short string: what a Record around it is judged by. */
  literal?: boolean | string;
}

export const NO_SIGNAL: Signal = { stop: false };

/** A longer text is content, not a label. */
export const MAX_LABEL_LENGTH = 512;

export function signalOf(value: Value): Signal {
  switch (value.type) {
    case "Empty":
      return { stop: true };
    case "Text":
      return signalOfJson(value.data);
    case "Json":
      return signalOfJson(value.data);
    case "Record":
      return signalOfRecord(value.data.map(([key, entry]) => [key, signalOf(entry)]));
    case "Tensor":
    case "Bytes":
    case "Object":
      return NO_SIGNAL;
  }
}

/** A Record signals as the Json object with the same entries would. */
export function signalOfRecord(entries: readonly (readonly [string, Signal])[]): Signal {
  const literalAt = (key: string) => entries.find(([name]) => name === key)?.[1].literal;
  return signalOfFields(literalAt("branch"), literalAt("done"));
}

function signalOfJson(json: JsonValue): Signal {
  if (typeof json === "boolean") return { arm: String(json), stop: json, literal: json };
  if (typeof json === "string") return signalOfText(json);
  if (typeof json !== "object" || json === null || Array.isArray(json)) return NO_SIGNAL;
  return signalOfFields(fieldOf(json, "branch"), fieldOf(json, "done"));
}

function signalOfText(text: string): Signal {
  if (text.length > MAX_LABEL_LENGTH) return NO_SIGNAL;
  return { arm: text, stop: text === "done" || text === "stop", literal: text };
}

function signalOfFields(branch: JsonValue | undefined, done: JsonValue | undefined): Signal {
  const stop = done === true;
  if (typeof branch === "boolean") return { arm: String(branch), stop };
  if (typeof branch !== "string" || branch.length > MAX_LABEL_LENGTH) return { stop };
  return { arm: branch, stop };
}

function fieldOf(json: { [key: string]: JsonValue }, key: string): JsonValue | undefined {
  return Object.hasOwn(json, key) ? json[key] : undefined;
}
