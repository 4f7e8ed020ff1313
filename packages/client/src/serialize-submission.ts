import {
  isStep,
  planNameOf,
  remote,
  requireStates,
  serializePlan,
  type AnyStep,
} from "@planwire/plan";
import {
  isName,
  issuesOf,
  PlanwireError,
  SerializedPlan,
  type JsonValue,
} from "@planwire/protocol";
import { freshId } from "./fresh-id.js";
import { policyOf } from "./policy.js";
import type { PlanDocument } from "./planwire.js";
import type { SubmitOptions } from "./submit-options.js";

export interface Work {
  /** Plain input; absent for a stream and for a document, which brings its own. */
  readonly input?: unknown;
  readonly fit?: { readonly y?: unknown };
}

/** A submission as it travels. Throws what is wrong with it. */
export function serializeSubmission(
  plan: AnyStep | PlanDocument,
  work: Work,
  options: SubmitOptions,
): SerializedPlan {
  checkId(options.id);
  const policy = policyOf(options);
  const serialized = isStep(plan)
    ? serializeStep(plan as AnyStep, work, options)
    : readDocument(plan as PlanDocument, options);
  serialized.metadata = withLabel(serialized.metadata, options);
  if (policy) serialized.policy = { ...serialized.policy, ...policy };
  return serialized;
}

function serializeStep(step: AnyStep, work: Work, options: SubmitOptions): SerializedPlan {
  if (!work.fit) requireStates(step);
  const id = options.id ?? freshId();
  const where = targetOf(options.on);
  const serialized = serializePlan(where ? remote(where, step) : step, { id, ...work });
  const name = planNameOf(step);
  return where && name !== undefined ? { ...serialized, metadata: { name } } : serialized;
}

function readDocument(document: PlanDocument, options: SubmitOptions): SerializedPlan {
  if (options.on) {
    throw new PlanwireError("BAD_USAGE", "`on` is for plans made with plan(name)", {
      hint: 'put {"Remote": {"node_id", "target", "plan"}} around the plan in the document',
    });
  }
  const plan_id = options.id ?? document.plan_id ?? freshId();
  const parsed = SerializedPlan.safeParse(
    { metadata: {}, ...document, plan_id },
    { reportInput: true },
  );
  if (parsed.success) return parsed.data;
  const issues = issuesOf(parsed.error);
  const [first] = issues;
  throw new PlanwireError(
    "PLAN_REFUSED",
    `this is no plan: ${first?.path === "" ? "" : `${first?.path}: `}${first?.message}`,
    { details: { issues } },
  );
}

function targetOf(on: SubmitOptions["on"]): { worker: string } | { tag: string } | undefined {
  if (!on) return undefined;
  const { worker, tags = [] } = on;
  const [tag, ...more] = tags;
  if (worker !== undefined && tag === undefined) return { worker };
  if (worker === undefined && tag !== undefined && more.length === 0) return { tag };
  if (worker === undefined && tag === undefined) return undefined;
  throw new PlanwireError("BAD_USAGE", "`on` takes one worker or one tag", {
    hint: "give the worker a tag that means all of it",
  });
}

function checkId(id: string | undefined): void {
  if (id !== undefined && !isName(id)) {
    throw new PlanwireError(
      "BAD_USAGE",
      `an id must be 1 to 128 of letters, digits, "_", ".", ":" and "-", beginning with a letter, digit or "_"; got ${JSON.stringify(id)}`,
    );
  }
}

function withLabel(metadata: JsonValue | undefined, { label }: SubmitOptions): JsonValue {
  if (label === undefined) return metadata ?? {};
  const fields = typeof metadata === "object" && !Array.isArray(metadata) ? metadata : {};
  return { ...fields, label };
}
