import type { ExecutionPlan, SerializedPlan } from "@planwire/protocol";
import { shapePlan } from "@planwire/protocol";
import { describe, expect, test } from "vitest";
import { targetsOf } from "../target.js";
import { branch, cached, composite, loop, par, remote, run, seq } from "../testing/plans.js";
import { nodeIdsOf } from "../tree.js";
import { cutFor as cutOnce } from "./cut.js";

const plan = (root: ExecutionPlan, more: Partial<SerializedPlan> = {}): SerializedPlan => ({
  plan_id: "p1",
  plan: root,
  ...more,
});
/** A plan is cut the same by its shape. */
function cutFor(given: SerializedPlan, options: Parameters<typeof cutOnce>[1]) {
  const found = cutOnce(given, options);
  const { plan_id, ...fixed } = structuredClone(given);
  shapePlan(fixed);
  for (let i = 0; i < 2; i++) expect(cutOnce({ plan_id, ...fixed }, options)).toEqual(found);
  return found;
}

const edges = { b: ["a"] };
const whole = { kind: "whole" };
const leaves = { kind: "leaves" };

describe("for a worker of ours", () => {
  const ours = { inherited: false };

  test.each<[string, SerializedPlan]>([
    ["nothing remote", plan(seq(run("a"), par(run("b"), loop("l", run("c")))))],
    ["edges and nothing remote", plan(seq(run("a"), run("b")), { edges })],
    ["one Remote around everything", plan(remote("r", "gpu", seq(run("a"), run("b"))))],
    [
      "all its steps in Remotes to one place",
      plan(seq(remote("r", "t", run("a")), remote("s", "t", run("b")))),
    ],
    ["edges within one place", plan(remote("r", "t", seq(run("a"), run("b"))), { edges })],
    ["no step at all", plan(seq("Empty"))],
    ["Fit", plan(run("a"), { mode: { Fit: { y: null } } })],
  ])("a plan with %s is one part", (_, given) => {
    expect(cutFor(given, ours)).toEqual(whole);
  });

  test("Remotes are parts, and so are the largest subtrees beside them", () => {
    const given = seq(
      seq(run("a"), run("b")),
      remote("r", "gpu", seq(run("c"), run("d"))),
      par(run("e"), remote("s", "cpu", run("f")), "Empty"),
    );
    expect(cutFor(plan(given), ours)).toEqual({
      kind: "subtrees",
      paths: [[0], [1], [2, 0], [2, 1]],
    });
  });

  test("a Remote within a Remote to elsewhere cuts the outer one", () => {
    const given = remote("r", "gpu", seq(run("a"), remote("s", "cpu", run("b")), run("c")));
    expect(cutFor(plan(given), ours)).toEqual({
      kind: "subtrees",
      paths: [
        [0, 0],
        [0, 1],
        [0, 2],
      ],
    });
  });

  test("a Branch with a remote arm keeps its condition as a leaf", () => {
    const given = branch("kind", { x: remote("r", "gpu", run("a")), y: run("b") });
    expect(cutFor(plan(given), ours)).toEqual({ kind: "subtrees", paths: [[0], [1]] });
  });

  test("a Loop around several places hands out its body's parts pass by pass", () => {
    const given = loop("l", seq(run("a"), remote("r", "gpu", run("b"))));
    expect(cutFor(plan(given), ours)).toEqual({
      kind: "subtrees",
      paths: [
        [0, 0],
        [0, 1],
      ],
    });
  });

  test("edges over several places ask for single leaves", () => {
    expect(cutFor(plan(seq(run("a"), remote("r", "gpu", run("b"))), { edges }), ours)).toEqual(
      leaves,
    );
    const none = plan(seq(run("a"), remote("r", "gpu", run("b"))), { edges: {} });
    expect(cutFor(none, ours)).toMatchObject({ kind: "subtrees" });
  });

  test("in a Fit of bound nodes, edges over several places ask for single nodes, each fitted and forwarded at once", () => {
    const mode = { Fit: { y: null } };
    const given = plan(seq(run("a"), remote("r", "gpu", loop("l", run("b"))), cached("c")), {
      edges,
      mode,
      bindings: [
        { node_id: "a", uses: "f" },
        { node_id: "b", uses: "f" },
      ],
    });
    expect(cutFor(given, ours)).toEqual({ kind: "subtrees", paths: [[0], [1, 0, 0]] });
    const [first] = given.bindings ?? [];
    expect(cutFor({ ...given, bindings: first ? [first] : [] }, ours)).toEqual(leaves);
  });

  test("nodes apart are leaves, what is beside them stays whole, and what runs no filter needs nobody", () => {
    const given = plan(
      seq(
        par(run("a"), run("b")),
        run("theirs"),
        loop("l", seq(run("c"), run("theirs2"))),
        cached("d"),
      ),
    );
    const apart = new Set(["theirs", "theirs2"]);
    expect(cutFor(given, { inherited: false, apart })).toEqual({
      kind: "subtrees",
      paths: [[0], [2, 0, 0]],
    });
    const all = new Set(["theirs"]);
    expect(cutFor(plan(run("theirs")), { inherited: false, apart: all })).toEqual(leaves);
    const wired = plan(seq(run("a"), run("theirs")), { edges: { theirs: ["a"] } });
    expect(cutFor(wired, { inherited: false, apart: all })).toEqual(leaves);
  });

  test("a worker's id and a tag of the same name are two places", () => {
    const byId: ExecutionPlan = {
      Remote: { node_id: "s", target: { WorkerId: "gpu" }, plan: run("b") },
    };
    const given = plan(seq(remote("r", "gpu", run("a")), byId));
    expect(cutFor(given, ours)).toMatchObject({ kind: "subtrees", paths: [[0], [1]] });
    expect(targetsOf(given.plan)).toEqual([{ Tag: "gpu" }, { WorkerId: "gpu" }]);
  });
});

describe("for an inherited peer", () => {
  const inherited = { inherited: true };

  test.each<[string, SerializedPlan]>([
    ["an Execute", plan(run("a"))],
    ["a row of Executes", plan(seq(run("a"), run("b")), { mode: "Forward" })],
  ])("%s in Forward is one part", (_, given) => {
    expect(cutFor(given, inherited)).toEqual(whole);
  });

  test.each<[string, SerializedPlan]>([
    ["Fit", plan(run("a"), { mode: { Fit: { y: null } } })],
    ["edges", plan(seq(run("a"), run("b")), { edges })],
    ["a Sequence within", plan(seq(seq(run("a"))))],
    ["a Parallel", plan(par(run("a")))],
    ["a Cached node", plan(seq(run("a"), cached("b")))],
    ["a Composite", plan(composite("a", "b"))],
    ["a Remote", plan(remote("r", "gpu", run("a")))],
    ["nothing to run", plan(seq())],
  ])("%s asks for single leaves", (_, given) => {
    expect(cutFor(given, inherited)).toEqual(leaves);
  });
});

test("the nodes that need a filter are Executes, members and conditions, in the order of reading", () => {
  const given = seq(
    run("a"),
    cached("not"),
    loop("label", branch("b", { x: composite("c", "d") })),
    remote("place", "gpu", par(run("e"))),
  );
  expect(nodeIdsOf(given)).toEqual(["a", "b", "c", "d", "e"]);
});

test("each target is told once", () => {
  const given = par(remote("r", "x", remote("s", "y", run("a"))), remote("t", "x", run("b")));
  expect(targetsOf(given)).toEqual([{ Tag: "x" }, { Tag: "y" }]);
});
