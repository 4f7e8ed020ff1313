import {
  checkSchema,
  fromValue,
  toValue,
  type FilterContext,
  type FilterDefinition,
} from "@planwire/plan";
import type { ErrorCode, Issue, Value, WireError } from "@planwire/protocol";
import type { CallOutcome, CallReport, FilterCall } from "../core/filter-call.js";
import { callError, conversionError, filterError } from "./call-error.js";
import type { Cancellation } from "./cancellation.js";
import { CallReports } from "./reports.js";

type Schema = NonNullable<FilterDefinition["input"]>;

/** Runs one call of a filter, in the thread that this is called on. Never rejects: whatever happens is the outcome. */
export async function executeCall(
  definition: FilterDefinition,
  call: FilterCall,
  cancellation: Cancellation,
  report: (report: CallReport) => void,
): Promise<CallOutcome> {
  try {
    return { status: "done", value: await run(definition, call, cancellation, report) };
  } catch (error) {
    if (error instanceof CallFailure) return { status: "failed", error: error.wire };
    throw error;
  }
}

async function run(
  definition: FilterDefinition,
  call: FilterCall,
  cancellation: Cancellation,
  report: (report: CallReport) => void,
): Promise<Value> {
  const { nodeId } = call;
  const params = await parse(definition.params, call.params, "PARAMS_INVALID", "params", nodeId);
  const given = plain(call.input, "the input", nodeId);
  const x = await parse(definition.input, given, "INPUT_INVALID", "the input", nodeId);
  // A filter that begins now would wait for a signal that has been.
  if (cancellation.aborted) throw new CallFailure(callError("CANCELLED", "told to stop", nodeId));
  const ctx = contextOf(call, params, cancellation, report);
  if (call.op === "fit") {
    const y = call.y && plain(call.y, "the labels", nodeId);
    const { fit } = definition;
    if (fit === undefined) throw new CallFailure(withoutFit(definition, nodeId));
    return travelling(await callPlanwireFilter(fit, x, y, ctx), "the state", nodeId);
  }
  const state = call.state && plain(call.state, "the state", nodeId);
  const made = await callPlanwireFilter(definition.forward, x, state, ctx);
  const output = await parse(definition.output, made, "OUTPUT_INVALID", "the output", nodeId);
  return travelling(output, "the output", nodeId);
}

/** Named so that a filter's stack can be cut here: see OUR_FRAME in call-error.ts. `second` is the state of a forward, the labels of a fit. */
async function callPlanwireFilter(
  filter: (x: unknown, second: unknown, ctx: FilterContext<unknown>) => unknown,
  x: unknown,
  second: unknown,
  ctx: FilterContext<unknown>,
): Promise<unknown> {
  try {
    return await filter(x, second, ctx);
  } catch (error) {
    throw new CallFailure(filterError(error, ctx.nodeId));
  }
}

function contextOf(
  call: FilterCall,
  params: unknown,
  cancellation: Cancellation,
  report: (report: CallReport) => void,
): FilterContext<unknown> {
  const reports = new CallReports(call.call, report);
  const { nodeId, planId, attempt, workerId } = call;
  return {
    get signal() {
      return cancellation.signal;
    },
    params,
    nodeId,
    planId,
    attempt,
    workerId,
    progress: (fraction) => reports.progress(fraction),
    log: (message, fields) => reports.log(message, fields),
  };
}

function withoutFit({ name }: FilterDefinition, nodeId: string): WireError {
  return callError("PLAN_REFUSED", `filter "${name}" of node "${nodeId}" has no fit`, nodeId);
}

type SchemaCode = Extract<ErrorCode, "INPUT_INVALID" | "OUTPUT_INVALID" | "PARAMS_INVALID">;

async function parse(
  schema: Schema | undefined,
  value: unknown,
  code: SchemaCode,
  what: string,
  nodeId: string,
): Promise<unknown> {
  if (schema === undefined) return value;
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
