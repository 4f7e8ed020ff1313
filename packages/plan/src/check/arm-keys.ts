import type { ExecutionPlan, Issue } from "@planwire/protocol";
import { armKeyOf } from "../tree.js";
import type { Element } from "./element.js";
import { memberPath } from "./member-path.js";
import { repeatsIn } from "./repeats.js";

/** The arms of a join are the entries of one Record: each needs a key of its own. */
export function armKeyIssues(
  elements: readonly Element[],
  armKeys: Readonly<Record<string, readonly string[]>>,
): Issue[] {
  const parallels = new Map<string, { at: string; arms: readonly ExecutionPlan[] }>();
  for (const { plan, path, at } of elements) {
    if (plan === "Empty" || !("Parallel" in plan)) continue;
    parallels.set(path.join("."), { at: `${at}.Parallel`, arms: plan.Parallel });
  }
  const given = Object.entries(armKeys).flatMap(([key, names]): Issue[] => {
    const path = memberPath("arm_keys", key);
    const parallel = parallels.get(key);
    if (parallel === undefined) {
      return [{ path, message: "no Parallel stands at this path of child indexes" }];
    }
    if (names.length !== parallel.arms.length) {
      const message = `expected one key for each of ${parallel.arms.length} arms, got ${names.length}`;
      return [{ path, message }];
    }
    return [...unusableKeys(names, path), ...repeatedKeys(names, path)];
  });
  const own = [...parallels].flatMap(([key, { at, arms }]) =>
    Object.hasOwn(armKeys, key) ? [] : repeatedKeys(arms.map(armKeyOf), at),
  );
  return [...given, ...own];
}

function unusableKeys(keys: readonly string[], at: string): Issue[] {
  return keys.flatMap((key, index) =>
    key === "" || key === "__proto__"
      ? [{ path: `${at}[${index}]`, message: `"${key}" can't be an arm's key` }]
      : [],
  );
}

function repeatedKeys(keys: readonly string[], at: string): Issue[] {
  return repeatsIn(keys).map(({ name, index, first }) => ({
    path: `${at}[${index}]`,
    message: `the arm's key "${name}" repeats, it is that of ${at}[${first}]`,
  }));
}
