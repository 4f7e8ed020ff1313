// Whatever plan, whatever order: the stepper against a recursive interpreter that says what plans mean.
import { EMPTY, type ExecutionPlan, type SerializedPlan, type Value } from "@planwire/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkPlan } from "./check.js";
import { cutFor } from "./cut/cut.js";
import { valueOfSource } from "./stepper/source.js";
import { stepperProgram } from "./stepper/options.js";
import { Stepper } from "./stepper/stepper.js";
import { FakeFailure, fakeFilters, LABELS } from "./testing/fake-filters.js";
import { branch, cached, composite, loop, par, remote, run, seq, stream } from "./testing/plans.js";
import { Reference } from "./testing/reference.js";
import {
  begin,
  outcomeOf,
  Running,
  runPlan,
  statesIn,
  stepperOf,
  type Drive,
} from "./testing/run-plan.js";
import { childrenOf, elementsOf, nodeIdsOf, ownIdOf } from "./tree.js";

type Shape = (id: () => string) => ExecutionPlan;

const leaves = fc.constantFrom<Shape[]>(
  (id) => run(id()),
  (id) => run(id()),
  (id) => run(id()),
  (id) => cached(id()),
  (id) => composite(id(), id()),
  (id) => stream(id()),
  () => "Empty",
);

/** Plans of so many levels at most; fast-check's own recursion leaves them too small to be telling. */
function shapes(levels: number): fc.Arbitrary<Shape> {
  if (levels === 0) return leaves;
  const below = fc.oneof(
    { weight: 1, arbitrary: leaves },
    { weight: 4, arbitrary: shapes(levels - 1) },
  );
  const some = fc.array(below, { minLength: 1, maxLength: 3, size: "max" });
  const labels = fc.uniqueArray(fc.constantFrom(...LABELS), {
    minLength: 1,
    maxLength: 4,
    size: "max",
  });
  return fc.oneof(
    some.map(
      (steps): Shape =>
        (id) =>
          seq(...steps.map((step) => step(id))),
    ),
    some.map(
      (steps): Shape =>
        (id) =>
          seq(...steps.map((step) => step(id)), run(id())),
    ),
    some.map(
      (arms): Shape =>
        (id) =>
          par(...arms.map((arm) => arm(id))),
    ),
    fc.tuple(labels, some, fc.boolean()).map(([names, arms, falls]): Shape => (id) => {
      const on = id();
      const entries = (falls ? [...new Set([...names, "else"])] : names).map(
        (name, index) => [name, arms[index]?.(id) ?? "Empty"] as const,
      );
      return branch(on, Object.fromEntries(entries));
    }),
    fc.tuple(below, fc.integer({ min: 1, max: 3 })).map(
      ([body, most]): Shape =>
        (id) =>
          loop(id(), body(id), most),
    ),
    fc.tuple(below, fc.constantFrom("t1", "t2")).map(
      ([body, tag]): Shape =>
        (id) =>
          remote(id(), tag, body(id)),
    ),
  );
}

function numbered(make: Shape): ExecutionPlan {
  let count = 0;
  return make(() => `n${count++}`);
}

interface Case {
  plan: SerializedPlan;
  trainable: string[];
  /** Which of the running leaves ends next. */
  picks: number[];
}

/** A checked plan: of the edges tried, those that the checker passes. */
const cases: fc.Arbitrary<Case> = fc
  .record({
    root: fc.oneof(leaves, shapes(2), shapes(3), shapes(3), shapes(4), shapes(4)).map(numbered),
    mode: fc.constantFrom<SerializedPlan["mode"]>("Forward", { Fit: { y: null } }),
    trained: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    named: fc.boolean(),
    tried: fc.array(fc.tuple(fc.nat(), fc.array(fc.nat(), { maxLength: 3 })), {
      maxLength: 6,
      size: "max",
    }),
    input: fc.constantFrom<Value[]>({ type: "Text", data: "in" }, { type: "Json", data: true }),
    picks: fc.array(fc.nat(), { minLength: 1, maxLength: 40 }),
  })
  .map(({ root, mode, trained, named, tried, input, picks }) => {
    const nodeIds = nodeIdsOf(root);
    const trainable = nodeIds.filter((_, index) => trained[index % trained.length]);
    const base: SerializedPlan = {
      plan_id: "p1",
      plan: root,
      mode,
      input: { source: "Inline", value: input },
      bindings: nodeIds.map((node_id) => ({
        node_id,
        uses: "any",
        state: { type: "Text", data: `given ${node_id}` },
      })),
      ...(named ? { arm_keys: namesOfArms(root) } : {}),
    };
    return { plan: withEdges(base, tried), trainable, picks };
  });

function namesOfArms(root: ExecutionPlan): Record<string, string[]> {
  const names: Record<string, string[]> = {};
  const visit = (plan: ExecutionPlan, path: number[]): void => {
    const children = childrenOf(plan);
    if (plan !== "Empty" && "Parallel" in plan) {
      names[path.join(".")] = children.map((_, index) => (index === 0 ? "done" : `arm${index}`));
    }
    for (const [index, child] of children.entries()) visit(child, [...path, index]);
  };
  visit(root, []);
  return names;
}

function withEdges(base: SerializedPlan, tried: [number, number[]][]): SerializedPlan {
  const ids = elementsOf(base.plan).flatMap((plan) => ownIdOf(plan) ?? []);
  const at = (index: number) => ids[index % ids.length] as string;
  let plan = base;
  for (const [node, before] of ids.length === 0 ? [] : tried) {
    const edges = { ...plan.edges, [at(node)]: [...new Set(before.map(at))] };
    if (checkPlan({ ...plan, edges }).length === 0) plan = { ...plan, edges };
  }
  return plan;
}

function driveOf({ plan, trainable, picks }: Case, failing?: ReadonlySet<string>): Drive {
  let turn = 0;
  const pick = (count: number) => (picks[turn++ % picks.length] as number) % count;
  return { plan, trainable, pick, filters: fakeFilters(failing) };
}

/** What the reference says: an output with states, or which node failed first by arm order ("" is no node's). */
function expectedOf({ plan, filters, trainable }: Drive) {
  const input = plan.input?.source === "Inline" ? plan.input.value : EMPTY;
  const reference = new Reference({ plan, filters, trainable, given: statesIn(plan), input });
  try {
    const output = reference.run();
    return { output, states: Object.fromEntries(reference.states) };
  } catch (error) {
    if (error instanceof FakeFailure) return { failed: error.nodeId };
    if (error instanceof Error && error.message === "NO_MATCHING_ARM") return { failed: "" };
    throw error;
  }
}

function actualOf(drive: Drive) {
  const { end } = runPlan(drive);
  switch (end.status) {
    case "Succeeded":
      return { output: valueOfSource(end.output, (value) => value), states: end.states };
    case "Failed":
      return { failed: end.error.code === "NO_MATCHING_ARM" ? "" : end.error.node_id };
    case "Cancelled":
      return { cancelled: true };
  }
}

const runs = { numRuns: 400 };

test("the checker has nothing against these plans", () => {
  fc.assert(
    fc.property(cases, ({ plan }) => {
      expect(checkPlan(plan)).toEqual([]);
    }),
    runs,
  );
});

test("leaf by leaf and in any order, a plan ends once, with the reference's output and states", () => {
  fc.assert(
    fc.property(cases, (given) => {
      const drive = { ...driveOf(given), onArmFailure: "collect" as const };
      expect(actualOf(drive)).toEqual(expectedOf(drive));
    }),
    runs,
  );
});

const failing = fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 3, size: "max" });
const failingIds = failing.map((numbers) => new Set(numbers.map((number) => `n${number}`)));

test("when collecting, a plan fails with the failure that comes first by arm order", () => {
  fc.assert(
    fc.property(cases, failingIds, (given, ids) => {
      const drive = { ...driveOf(given, ids), onArmFailure: "collect" as const };
      expect(actualOf(drive)).toEqual(expectedOf(drive));
    }),
    runs,
  );
});

test("otherwise it fails when the reference does, with one of the failures that there are", () => {
  fc.assert(
    fc.property(cases, failingIds, (given, ids) => {
      const drive = driveOf(given, ids);
      const [actual, expected] = [actualOf(drive), expectedOf(drive)];
      expect(Object.keys(actual)).toEqual(Object.keys(expected));
      if (!("failed" in actual)) expect(actual).toEqual(expected);
      else expect(["", ...ids]).toContain(actual.failed);
    }),
    runs,
  );
});

test.each([{ inherited: false }, { inherited: true }])(
  "however it is cut into parts (%o), its output and states are the same",
  (peer) => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(cases, (given) => {
        const drive = { ...driveOf(given), onArmFailure: "collect" as const, peer };
        kinds.add(cutFor(given.plan, peer).kind);
        expect(actualOf(drive)).toEqual(expectedOf(drive));
      }),
      runs,
    );
    expect(kinds.size).toBeGreaterThan(1);
  },
);

test("cancelled after any number of steps it ends Cancelled, unless it had ended or failed, with no leaf left", () => {
  fc.assert(
    fc.property(cases, fc.nat({ max: 12 }), (given, steps) => {
      const drive = driveOf(given);
      const stepper = stepperOf(drive);
      const running = new Running();
      let step = begin(stepper, given.plan);
      running.take(step);
      for (let count = 0; count < steps && step.end === undefined; count++) {
        const leaf = running.end(drive.pick(running.size));
        step = stepper.complete(leaf.key, outcomeOf(drive, leaf));
        running.take(step);
      }
      if (step.end !== undefined) {
        expect(stepper.cancel()).toEqual({ start: [], cancel: [] });
        return;
      }
      const failed = stepper.state.phase === "failing";
      step = stepper.cancel();
      expect(step.cancel).toHaveLength(failed ? 0 : running.size);
      running.take(step);
      while (step.end === undefined) {
        const leaf = running.end(drive.pick(running.size));
        step = stepper.complete(leaf.key, { status: "cancelled" });
        running.take(step);
      }
      expect(step.end.status).toBe(failed ? "Failed" : "Cancelled");
    }),
    runs,
  );
});

test("outcomes played again in order, or a copy of its state, give the same next leaves", () => {
  fc.assert(
    fc.property(cases, fc.nat(), (given, cutOff) => {
      const { completions } = runPlan(driveOf(given));
      const past = completions.slice(0, cutOff % (completions.length + 1));
      const drive = driveOf(given);
      const [first, again] = [stepperOf(drive), stepperOf(drive)];
      expect(begin(again, given.plan)).toEqual(begin(first, given.plan));
      for (const [key, outcome] of past) {
        expect(again.complete(key, outcome)).toEqual(first.complete(key, outcome));
      }
      const next = completions[past.length];
      if (next === undefined) return;
      const { plan } = given;
      const program = stepperProgram<Value>({
        plan: plan.plan,
        edges: plan.edges,
        armKeys: plan.arm_keys,
        mode: plan.mode === "Forward" ? "Forward" : "Fit",
        trainable: drive.trainable,
        states: statesIn(plan),
      });
      const copy = new Stepper(program, structuredClone(first.state));
      const expected = first.complete(...next);
      expect(again.complete(...next)).toEqual(expected);
      expect(copy.complete(...next)).toEqual(expected);
    }),
    runs,
  );
});
