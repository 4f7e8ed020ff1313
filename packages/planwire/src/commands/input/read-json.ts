import { decodeText, isPlanwireError, JsonValue, PlanwireError } from "@planwire/protocol";

/**
 * Reads JSON without rounding integers.
 * @param where what messages call it: `states.json`, `rows.ndjson line 17`
 * @throws PlanwireError BAD_USAGE that says where and why
 */
export function readJson(text: string, where: string, hint?: string): JsonValue {
  try {
    return decodeText(text, JsonValue);
  } catch (error) {
    if (!isPlanwireError(error, "INVALID_MESSAGE")) throw error;
    const reason = text.trim() === "" ? "it is empty" : reasonOf(error.message, text);
    throw new PlanwireError("BAD_USAGE", `${where} is not JSON: ${reason}`, {
      cause: error,
      ...(hint !== undefined && { hint }),
    });
  }
}

/** The parser's own words, with the position as line and column where it tells one. */
function reasonOf(message: string, text: string): string {
  const said = message.replace(/^invalid message: (not JSON: )?/, "");
  const position = /at position (\d+)/.exec(said)?.[1];
  if (position === undefined || said.includes("line ")) return said;
  const before = text.slice(0, Number(position)).split("\n");
  const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  return said.replace(/at position \d+/, `at ${place}`);
}
