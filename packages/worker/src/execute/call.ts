import { checkSchema, fromValue, toValue, type FilterDefinition } from "@planwire/plan";
import type { ErrorCode, Issue, Value, WireError } from "@planwire/protocol";
import type { CallOutcome, CallReport, FilterCall } from "../core/filter-call.js";
import { CallContext } from "./call-context.js";
import { callError, conversionError, filterError } from "./call-error.js";
import type { Cancellation } from "./cancellation.js";

type Schema = NonNullable<FilterDefinition["input"]>;

/** Runs one call of a filter, in the thread that this is called on. Never rejects: whatever happens is the outcome. */
export async function executeCall(
  definition: FilterDefinition,
  call: FilterCall,
  cancellation: Cancellation,
  report: (report: CallReport) => void,
): Promise<CallOutcome> {
  try {
    const value = await callPlanwireFilter(definition, call, cancellation, report);
    return { status: "done", value };
  } catch (error) {
    if (error instanceof CallFailure) return { status: "failed", error: error.wire };
    throw error;
  }
}

/** Named so that a filter's stack can be cut here: see OUR_FRAME in call-error.ts. Only what may be a promise is awaited. */
async function callPlanwireFilter(
  definition: FilterDefinition,
  call: FilterCall,
  cancellation: Cancellation,
  report: (report: CallReport) => void,
): Promise<Value> {
  const { nodeId, op } = call;
  const { params: ofParams, input: ofInput, output: ofOutput } = definition;
  // An abort that came together with the call is heard before it begins.
  await Promise.resolve();
  let { params }: { params?: unknown } = call;
  if (ofParams) params = await parse(ofParams, params, "PARAMS_INVALID", "params", nodeId);
  let x = plain(call.input, "the input", nodeId);
  if (ofInput) x = await parse(ofInput, x, "INPUT_INVALID", "the input", nodeId);
  // A filter that begins now would wait for a signal that has been.
  if (cancellation.aborted) throw new CallFailure(callError("CANCELLED", "told to stop", nodeId));
  const filter = filterOf(definition, call);
  const second = secondOf(call);
  let made;
  try {
    made = await filter(x, second, new CallContext(call, params, cancellation, report));
  } catch (error) {
    throw new CallFailure(filterError(error, nodeId));
  }
  if (op === "fit") return travelling(made, "the state", nodeId);
  if (ofOutput) made = await parse(ofOutput, made, "OUTPUT_INVALID", "the output", nodeId);
  return travelling(made, "the output", nodeId);
}

function filterOf(definition: FilterDefinition, { op, nodeId }: FilterCall) {
  const { fit, forward, name } = definition;
  if (op === "forward") return forward;
  if (fit !== undefined) return fit;
  const message = `filter "${name}" of node "${nodeId}" has no fit`;
  throw new CallFailure(callError("PLAN_REFUSED", message, nodeId));
}

/** What a filter is given besides its input: the labels of a fit, the state of a forward. */
function secondOf({ op, y, state, nodeId }: FilterCall): unknown {
  if (op === "fit") return y && plain(y, "the labels", nodeId);
  return state && plain(state, "the state", nodeId);
}

type SchemaCode = Extract<ErrorCode, "INPUT_INVALID" | "OUTPUT_INVALID" | "PARAMS_INVALID">;

async function parse(
  schema: Schema,
  value: unknown,
  code: SchemaCode,
  what: string,
  nodeId: string,
): Promise<unknown> {
  let checked;
  try {
    checked = await checkSchema(schema, value);
  } catch (error) {
    // A schema is the filter author's code; one that throws is a mistake in the filter.
    throw new CallFailure(filterError(error, nodeId));
  }
  if (checked.ok) return checked.value;
  const { issues } = checked;
  const message = `${what} of node "${nodeId}" ${what === "params" ? "don't" : "doesn't"} fit its schema: ${told(issues)}`;
  throw new CallFailure(
    callError(code, message, nodeId, {
      details: { nodeId, issues: issues.slice(0, 20).map((issue) => ({ ...issue })) },
    }),
  );
}

function told([first, ...others]: readonly Issue[]): string {
  if (first === undefined) return "no reason given";
  const more = others.length > 0 ? ` (and ${others.length} more)` : "";
  return `${first.path}: ${first.message}${more}`;
}

function plain(value: Value, what: string, nodeId: string): unknown {
  try {
    return fromValue(value);
  } catch (error) {
    throw new CallFailure(conversionError(error, what, nodeId));
  }
}

function travelling(made: unknown, what: string, nodeId: string): Value {
  try {
    return toValue(made);
  } catch (error) {
    throw new CallFailure(conversionError(error, what, nodeId));
  }
}

/** Carries an error that is ready to travel out of the steps above. */
class CallFailure extends Error {
  readonly wire: WireError;

  constructor(wire: WireError) {
    super(wire.message);
    this.wire = wire;
  }
}
