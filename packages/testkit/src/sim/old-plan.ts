import type { JsonValue, Value } from "@planwire/protocol";
import { filterNamedBy, unpickle } from "./filters.js";
import { fieldsOf, listOf, textOf } from "./old-wire.js";

/** One node of a plan as a peer of the inherited wire takes it. */
export interface OldNode {
  readonly nodeId: string;
  readonly filter: string;
  readonly isTrainable: boolean;
  readonly state: Value | undefined;
}

export interface OldPlan {
  readonly partId: string;
  /** How often it has come on its connection, this time included. */
  readonly nth: number;
  /** In their order, whatever the tree: such a peer walks it flat. */
  readonly nodes: readonly OldNode[];
  readonly input: Value;
  /** Undefined: forward. */
  readonly fit: { readonly y: Value | undefined } | undefined;
}

export function readOldPlan(json: JsonValue | undefined): Omit<OldPlan, "nth"> {
  const { plan_id, plan, input, filters, mode } = fieldsOf(json);
  const entries = new Map(
    listOf(filters).map((entry) => [fieldsOf(entry)["node_id"], fieldsOf(entry)]),
  );
  const nodes = nodeIdsIn(plan).map((nodeId): OldNode => {
    const { pickled_filter: pickled, trainable, state } = entries.get(nodeId) ?? {};
    return {
      nodeId,
      filter: typeof pickled === "string" ? unpickle(pickled) : filterNamedBy(nodeId),
      isTrainable: trainable === true,
      state: givenIn(state),
    };
  });
  const given = input === null ? undefined : fieldsOf(input)["value"];
  const fit = mode === "Forward" ? undefined : fieldsOf(fieldsOf(mode)["Fit"]);
  return {
    partId: textOf(plan_id),
    nodes,
    input: joined(givenIn(given) ?? { type: "Empty" }),
    fit: fit && { y: givenIn(fit["y"]) },
  };
}

/** Ids of Executes, in the order of reading. */
function nodeIdsIn(plan: JsonValue | undefined): string[] {
  if (Array.isArray(plan)) return plan.flatMap(nodeIdsIn);
  if (plan === "Empty") return [];
  const { Execute: execute, Sequence: row } = fieldsOf(plan);
  if (execute !== undefined) return [textOf(fieldsOf(execute)["node_id"])];
  if (row !== undefined) return nodeIdsIn(row);
  throw new Error(`a tree that means something else here: ${JSON.stringify(plan)}`);
}

/** Empty stands for nothing. */
function givenIn(json: JsonValue | undefined): Value | undefined {
  if (json === undefined || json === null) return undefined;
  const { type, data = null } = fieldsOf(json);
  return type === "Empty" ? undefined : { type: "Json", data };
}

/** What arms gave comes as an object of tagged values; filters see the Record that it was. */
function joined(value: Value): Value {
  if (value.type !== "Json") return value;
  const { data } = value;
  if (typeof data !== "object" || data === null || Array.isArray(data)) return value;
  const members = Object.entries(data);
  if (members.length === 0 || !members.every(([, member]) => isTagged(member))) return value;
  return {
    type: "Record",
    data: members.map(([key, member]) => [key, joined(givenIn(member) ?? { type: "Empty" })]),
  };
}

function isTagged(json: JsonValue): boolean {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return false;
  return json["type"] === "Json" || json["type"] === "Empty";
}
