import type { ExecutionPlan, Issue } from "@planwire/protocol";
import { MAX_LABEL_LENGTH } from "../signal.js";
import type { Element } from "./element.js";
import { repeatsIn } from "./repeats.js";

/** What is wrong with an element by itself: nothing to run, arms that can't be told apart, no pass. */
export function shapeIssues({ plan, at }: Element): Issue[] {
  if (plan === "Empty") return [];
  if ("Parallel" in plan && plan.Parallel.length === 0) {
    return [{ path: `${at}.Parallel`, message: "expected at least one arm" }];
  }
  if ("Branch" in plan) return branchIssues(plan.Branch.arms, `${at}.Branch.arms`);
  if ("Loop" in plan) {
    const { max_iterations: most } = plan.Loop;
    if (most == null || most >= 1) return [];
    return [{ path: `${at}.Loop.max_iterations`, message: `expected at least 1, got ${most}` }];
  }
  return [];
}

function branchIssues(arms: readonly [string, ExecutionPlan][], at: string): Issue[] {
  if (arms.length === 0) return [{ path: at, message: "expected at least one arm" }];
  const labels = arms.map(([label]) => label);
  const repeats = repeatsIn(labels).map(({ name, index, first }) => ({
    path: `${at}[${index}][0]`,
    message: `label "${name}" repeats, it stands first at ${at}[${first}][0]`,
  }));
  return [
    ...labels.flatMap((label, index) => labelIssues(label, `${at}[${index}][0]`)),
    ...repeats,
  ];
}

function labelIssues(label: string, path: string): Issue[] {
  if (label === "") return [{ path, message: "expected a label, got an empty one" }];
  if (label.length <= MAX_LABEL_LENGTH) return [];
  return [{ path, message: `expected a label of at most ${MAX_LABEL_LENGTH} characters` }];
}
