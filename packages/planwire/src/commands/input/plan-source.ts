import { missingStates, nodeIdsOf, serializePlan } from "@planwire/plan";
import { PlanwireError, type SerializedPlan, type Value } from "@planwire/protocol";
import { readInput } from "./input-value.js";
import { allowOneStdin } from "./one-stdin.js";
import { newPlanId, parsePlan } from "./plan-file.js";
import { loadStep, moduleName } from "./plan-module.js";
import { readText, sourceName } from "./read-text.js";
import { readStates, withStates, type States } from "./states.js";

export interface PlanParts {
  /** A SerializedPlan in JSON, "-" for standard input, or a module: `plan.ts#tidy`. */
  readonly plan: string;
  /** Files, "-" for standard input. */
  readonly input?: string | undefined;
  readonly states?: string | undefined;
  /** What the plan is fitted to; implies `fit`. */
  readonly labels?: string | undefined;
  /** Fit the plan instead of only running it. */
  readonly fit?: boolean | undefined;
}

/** Everything that a submission needs, out of the files that the command line names. */
export async function readSubmission(parts: PlanParts): Promise<SerializedPlan> {
  allowOneStdin({
    PLAN: parts.plan,
    "--input": parts.input,
    "--states": parts.states,
    "--labels": parts.labels,
  });
  const states = parts.states === undefined ? undefined : await readStates(parts.states);
  const fits = parts.fit === true || parts.labels !== undefined;
  const bare = await readPlan(parts.plan, { states, unfitted: fits });
  const input = parts.input === undefined ? undefined : await readInput(parts.input);
  const labels = parts.labels === undefined ? undefined : await readInput(parts.labels);
  return {
    ...(states ? withStates(bare, states, nodeIdsOf(bare.plan)) : bare),
    ...(input && { input: inline(input) }),
    ...(fits && { mode: { Fit: { y: labels ?? null } } }),
  };
}

function inline(value: Value) {
  return { source: "Inline" as const, value };
}

export interface PlanNeeds {
  /** States that the plan will be given. */
  readonly states?: States | undefined;
  /** It need not be ready to run. */
  readonly unfitted?: boolean;
}

/**
 * A plan as it stands in its file: without the input, states and mode that the command line may add.
 * @throws PlanwireError STATE_MISSING for a module's plan that could not run with those states
 */
export async function readPlan(
  source: string,
  { states = {}, unfitted = false }: PlanNeeds = {},
): Promise<SerializedPlan> {
  const module = moduleName(source);
  if (!module) return parsePlan(await readText(source), sourceName(source));
  const step = await loadStep(module);
  if (!unfitted) refuseMissing(missingStates(step).filter((id) => !Object.hasOwn(states, id)));
  return serializePlan(step, { id: newPlanId() });
}

function refuseMissing(nodeIds: readonly string[]): void {
  if (nodeIds.length === 0) return;
  throw new PlanwireError(
    "STATE_MISSING",
    `the plan is not fitted: no state for ${nodeIds.join(", ")}`,
    {
      details: { nodeIds },
      hint: "add --fit to fit it, or give the states of an earlier fit with --states FILE",
    },
  );
}
