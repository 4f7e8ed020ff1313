import { decodeText, isPlanwireError, JsonValue, PlanwireError } from "@planwire/protocol";
import { parse } from "lossless-json";

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

/** Why and where, in a line. JSON.parse names a place for some mistakes only; lossless-json does for all. */
function reasonOf(message: string, text: string): string {
  const said = syntaxError(text) ?? message.replace(/^invalid message: /, "");
  const place = /at position (\d+)$/.exec(said);
  if (!place) return said;
  const before = text.slice(0, Number(place[1])).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  return `${said.slice(0, place.index)}at line ${before.length}, column ${column}`;
}

function syntaxError(text: string): string | undefined {
  try {
    parse(text);
    return undefined; // It is JSON, but nests too deeply, say.
  } catch (error) {
    return error instanceof SyntaxError ? error.message : undefined;
  }
}
