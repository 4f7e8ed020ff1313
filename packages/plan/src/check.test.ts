import type { ExecutionPlan, SerializedPlan } from "@planwire/protocol";
import { LIMITS, shapePlan } from "@planwire/protocol";
import { describe, expect, test } from "vitest";
import { assertPlan, checkPlan } from "./check.js";
import { branch, cached, composite, loop, par, remote, run, seq, stream } from "./testing/plans.js";

/** Those of the plan; it has the same ones by its shape. */
function issues(plan: ExecutionPlan, more: Partial<SerializedPlan> = {}) {
  const { plan_id, ...fixed } = { plan_id: "p1", plan, ...more };
  const found = checkPlan({ plan_id, ...fixed });
  const ofShape = structuredClone(fixed);
  shapePlan(ofShape);
  for (const id of [plan_id, "p2", plan_id]) {
    expect(checkPlan({ plan_id: id, ...ofShape })).toEqual(checkPlan({ plan_id: id, ...fixed }));
  }
  return found;
}

test("a plan of all variants with edges, keys and bindings has no issues", () => {
  const everything = seq(
    run("clean"),
    par(run("odd"), seq(run("x"), "Empty"), par(run("y"))),
    branch("kind", { csv: run("parse"), default: "Empty" }),
    loop("refine", seq(run("step"), cached("known")), 1),
    remote("r1", "gpu", stream("s1", "s2")),
    composite("c1", "c2"),
    seq(),
  );
  const found = issues(everything, {
    edges: { x: [], c2: ["c1", "refine", "r1", "kind", "y"], refine: ["clean"] },
    arm_keys: { "1": ["a", "b", "c"], "1.2": ["only"] },
    bindings: [{ node_id: "kind", uses: "k@1" }],
    filters: [
      { node_id: "parse", pickled_filter: "" },
      { node_id: "refine", pickled_filter: "" },
    ],
  });
  expect(found).toEqual([]);
});

describe("ids", () => {
  test.each<[string, ExecutionPlan, string, string]>([
    [
      "two Executes",
      seq(run("a"), run("a")),
      "plan.Sequence[1].Execute.node_id",
      "plan.Sequence[0].Execute.node_id",
    ],
    [
      "a Branch's condition and a node in its arm",
      branch("a", { x: "Empty", y: run("a") }),
      "plan.Branch.arms[1][1].Execute.node_id",
      "plan.Branch.node_id",
    ],
    [
      "members of Composite and Stream",
      seq(composite("b", "a"), stream("a")),
      "plan.Sequence[1].Stream.node_ids[0]",
      "plan.Sequence[0].Composite.node_ids[1]",
    ],
    [
      "a Loop and a Cached node in it",
      loop("a", cached("a")),
      "plan.Loop.body.Cached.node_id",
      "plan.Loop.node_id",
    ],
    [
      "a Remote and the node that it sends away",
      remote("a", "gpu", run("a")),
      "plan.Remote.plan.Execute.node_id",
      "plan.Remote.node_id",
    ],
  ])("of %s may not be the same", (_, plan, path, first) => {
    const message = `node id "a" repeats, it stands first at ${first}`;
    expect(issues(plan)).toEqual([{ path, message }]);
  });

  test("may not be __proto__, neither a node's nor the plan's", () => {
    expect(issues(run("__proto__"), { plan_id: "__proto__" })).toEqual([
      { path: "plan_id", message: `"__proto__" can't be an id` },
      { path: "plan.Execute.node_id", message: `"__proto__" can't be an id` },
    ]);
  });

  test("of all parts must fit the bound on a part's id", () => {
    expect(issues(run("a"), { plan_id: "x".repeat(502) })).toEqual([]);
    expect(issues(run("a"), { plan_id: "x".repeat(503) })).toEqual([
      {
        path: "plan_id",
        message: "expected part ids of at most 512 bytes, this plan's have up to 513",
      },
    ]);
    expect(issues(seq(loop("l", run("a"))), { plan_id: "x".repeat(502) })).toMatchObject([
      { path: "plan_id" },
    ]);
  });
});

describe("shape", () => {
  test.each<[string, ExecutionPlan, string]>([
    ["a Parallel without arms", seq(par()), "plan.Sequence[0].Parallel"],
    ["a Branch without arms", branch("b", {}), "plan.Branch.arms"],
    ["an arm without a label", branch("b", { "": "Empty" }), "plan.Branch.arms[0][0]"],
    ["a label too long", branch("b", { ["x".repeat(513)]: "Empty" }), "plan.Branch.arms[0][0]"],
    ["a Loop of no pass", loop("l", run("a"), 0), "plan.Loop.max_iterations"],
  ])("refuses %s", (_, plan, path) => {
    expect(issues(plan)).toMatchObject([{ path }]);
  });

  test("refuses labels that repeat, saying where", () => {
    const arms: [string, ExecutionPlan][] = [
      ["x", "Empty"],
      ["x", "Empty"],
    ];
    expect(issues({ Branch: { node_id: "b", arms } })).toEqual([
      {
        path: "plan.Branch.arms[1][0]",
        message: 'label "x" repeats, it stands first at plan.Branch.arms[0][0]',
      },
    ]);
  });

  test("names a variant that nobody knows, and those that exist", () => {
    const unknown = seq({ Teleport: {} } as unknown as ExecutionPlan);
    expect(issues(unknown)).toEqual([
      {
        path: "plan.Sequence[0]",
        message: expect.stringMatching(
          /^unknown plan variant "Teleport", expected one of Sequence/,
        ),
      },
    ]);
  });
});

describe("size", () => {
  const nested = (levels: number) => {
    let plan: ExecutionPlan = run("a");
    for (let level = 1; level < levels; level++) plan = seq(plan);
    return plan;
  };

  test("as many levels as allowed pass, one more is refused where it stands", () => {
    expect(issues(nested(LIMITS.planDepth))).toEqual([]);
    expect(issues(nested(LIMITS.planDepth + 1))).toEqual([
      {
        path: `plan${".Sequence[0]".repeat(LIMITS.planDepth)}`,
        message: "the plan is nested deeper than the 64 levels allowed",
      },
    ]);
  });

  test("a plan of a million levels is refused without overflowing the stack", () => {
    expect(checkPlan({ plan_id: "p1", plan: nested(1_000_000) })).toHaveLength(1);
  });

  test("as many nodes as allowed pass, one more is refused", () => {
    const nodes = Array.from({ length: LIMITS.planNodes }, (_, index) => `n${index}`);
    expect(issues(seq(composite(...nodes)))).toEqual([]);
    const message = "the plan has more than the 10000 nodes allowed";
    expect(issues(seq(composite(...nodes), run("a")))).toMatchObject([{ message }]);
    expect(issues(seq(...Array<ExecutionPlan>(100_000).fill("Empty")))).toMatchObject([
      { message },
    ]);
  });

  test("limits of one's own replace the usual ones", () => {
    const plan = { plan_id: "p1", plan: seq(run("a"), run("b")) };
    expect(checkPlan(plan, { ...LIMITS, planNodes: 1 })).toHaveLength(1);
    expect(checkPlan(plan, { ...LIMITS, planDepth: 1 })).toHaveLength(1);
  });

  test("of many issues the first hundred are told, the others counted", () => {
    const found = issues(seq(...Array<ExecutionPlan>(301).fill(run("a"))));
    expect(found).toHaveLength(101);
    expect(found.at(-1)).toEqual({ path: "plan", message: "200 more issues are left out" });
  });
});

describe("arm_keys", () => {
  const plan = seq(par(run("a"), run("b")));

  test.each<[string, Record<string, string[]>, string]>([
    ["name no Parallel", { "1": ["x", "y"] }, 'arm_keys["1"]'],
    ["have the wrong count", { "0": ["x"] }, 'arm_keys["0"]'],
    ["repeat", { "0": ["x", "x"] }, 'arm_keys["0"][1]'],
    ["are empty", { "0": ["x", ""] }, 'arm_keys["0"][1]'],
    ["are __proto__", { "0": ["__proto__", "x"] }, 'arm_keys["0"][0]'],
  ])("that %s are refused", (_, armKeys, path) => {
    expect(issues(plan, { arm_keys: armKeys })).toMatchObject([{ path }]);
  });

  test("must tell arms apart whose own keys are the same", () => {
    const clash = par("Empty", run("#0"));
    expect(issues(clash)).toEqual([
      {
        path: "plan.Parallel[1]",
        message: `the arm's key "#0" repeats, it is that of plan.Parallel[0]`,
      },
    ]);
    expect(issues(clash, { arm_keys: { "": ["x", "y"] } })).toEqual([]);
  });
});

describe("bindings and filters", () => {
  const plan = seq(run("a"), loop("l", run("b")));

  test("for nodes that the plan lacks are refused", () => {
    const found = issues(plan, {
      bindings: [{ node_id: "x", uses: "f" }],
      filters: [{ node_id: "y", pickled_filter: "" }],
    });
    expect(found).toEqual([
      { path: "bindings[0].node_id", message: 'no node "x" in this plan' },
      { path: "filters[0].node_id", message: 'no node "y" in this plan' },
    ]);
  });

  test("may not give a node two filters", () => {
    const found = issues(plan, {
      bindings: [
        { node_id: "a", uses: "f" },
        { node_id: "a", uses: "g" },
      ],
      filters: [{ node_id: "a", pickled_filter: "" }],
    });
    const message = 'node "a" has a filter already, from bindings[0].node_id';
    expect(found).toEqual([
      { path: "bindings[1].node_id", message },
      { path: "filters[0].node_id", message },
    ]);
  });

  test("a binding of a Loop's label is refused: nothing would run it", () => {
    expect(issues(plan, { bindings: [{ node_id: "l", uses: "f" }] })).toEqual([
      { path: "bindings[0].node_id", message: '"l" is a Loop, which runs no filter' },
    ]);
  });
});

test("assertPlan throws PLAN_REFUSED with every issue, and names the first", () => {
  const plan = { plan_id: "p1", plan: seq(run("a"), run("a"), par()) };
  expect(() => assertPlan(plan)).toThrowError(
    expect.objectContaining({
      code: "PLAN_REFUSED",
      message: "plan.Sequence[2].Parallel: expected at least one arm (and 1 more)",
      details: { issues: checkPlan(plan) },
    }),
  );
  expect(() => assertPlan({ plan_id: "p1", plan: run("a") })).not.toThrow();
});
