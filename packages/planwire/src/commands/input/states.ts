import { PlanwireError, type JsonValue, type SerializedPlan, type Value } from "@planwire/protocol";
import { readJson } from "./read-json.js";
import { readText, sourceName } from "./read-text.js";
import { isTagged, readTagged } from "./tagged-value.js";

export type States = Readonly<Record<string, Value>>;

const HINT =
  "fit a plan with `planwire submit PLAN --fit --json > fitted.jsonl`, then --states fitted.jsonl";

/** States by node id: a map of tagged Values, or what `--json` printed of a fit. */
export async function readStates(file: string): Promise<States> {
  return parseStates(await readText(file), sourceName(file));
}

export function parseStates(text: string, where: string): States {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const finished = lines.flatMap((line) => finishedIn(line)).at(-1);
  const states = finished ? statesOfLine(finished, where) : readJson(text, where, HINT);
  if (!isObject(states)) throw wrong(where, "expected states by node id, { nodeId: value }");
  return Object.fromEntries(
    Object.entries(states).map(([nodeId, json]) => [nodeId, stateOf(json, nodeId, where)]),
  );
}

type JsonObject = { [key: string]: JsonValue };

function isObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** A saved output has a line for each event, `accepted` and what else came before the one that counts. */
function finishedIn(line: string): JsonObject[] {
  if (!line.includes('"finished"')) return [];
  try {
    const json = readJson(line, "");
    return isObject(json) && json["event"] === "finished" ? [json] : [];
  } catch {
    return []; // A line of a file that is one JSON text over many lines.
  }
}

function statesOfLine(line: JsonObject, where: string): JsonValue | undefined {
  const { status, states } = line;
  if (status === "Succeeded") return states;
  throw wrong(
    where,
    `holds the result of a run that ended ${JSON.stringify(status)}, which has no states`,
  );
}

function stateOf(json: JsonValue, nodeId: string, where: string): Value {
  if (isTagged(json)) return readTagged(json, `${where}, state of ${nodeId},`);
  const example = '{"type":"Json","data":...}';
  throw wrong(where, `the state of ${nodeId} is no tagged value such as ${example}`);
}

function wrong(where: string, what: string): PlanwireError {
  return new PlanwireError("BAD_USAGE", `${where}: ${what}`, { hint: HINT });
}

/** The plan with these states; ids that it does not have are left alone, so that one file serves several plans. */
export function withStates(
  plan: SerializedPlan,
  states: States,
  nodeIds: readonly string[],
): SerializedPlan {
  const stateOfNode = (id: string) => (Object.hasOwn(states, id) ? states[id] : undefined);
  const known = new Set([...(plan.bindings ?? []), ...(plan.filters ?? [])].map((b) => b.node_id));
  const give = <B extends { node_id: string }>(entry: B): B => {
    const state = stateOfNode(entry.node_id);
    return state === undefined ? entry : { ...entry, state };
  };
  // Where a binding is missing the node id names the filter.
  const added = nodeIds.flatMap((node_id) => {
    const state = stateOfNode(node_id);
    return state === undefined || known.has(node_id) ? [] : [{ node_id, uses: node_id, state }];
  });
  return {
    ...plan,
    bindings: [...(plan.bindings ?? []).map(give), ...added],
    ...(plan.filters && { filters: plan.filters.map(give) }),
  };
}
