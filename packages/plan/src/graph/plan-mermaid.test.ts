import { expect, test } from "vitest";
import { branch, cached, loop, par, remote, run, seq } from "../testing/plans.js";
import { planMermaid } from "./plan-mermaid.js";

const lines = (text: string) => text.trim().split("\n");

test("draws steps as boxes and values as arrows from input to output", () => {
  const chart = planMermaid({ plan_id: "p1", plan: seq(run("a"), "Empty", cached("b")) });
  expect(lines(chart)).toEqual([
    "flowchart TD",
    '  input(["input"])',
    '  n1["a"]',
    '  n2[("b")]',
    '  output(["output"])',
    "  input --> n1",
    "  n1 --> n2",
    "  n2 --> output",
  ]);
});

test("joins arms under their keys, and labels what a Branch picks", () => {
  const plan = seq(par(run("a"), "Empty"), branch("kind", { csv: run("parse"), else: "Empty" }));
  expect(lines(planMermaid({ plan_id: "p1", plan }))).toEqual([
    "flowchart TD",
    '  input(["input"])',
    '  n1["a"]',
    '  n2(("join"))',
    '  n3{"kind"}',
    '  n4["parse"]',
    '  output(["output"])',
    "  input --> n1",
    '  n1 -->|"a"| n2',
    '  input -->|"#35;1"| n2',
    "  n2 --> n3",
    '  n3 -->|"csv"| n4',
    "  n4 --> output",
    '  n3 -->|"else"| output',
  ]);
});

test("frames what a Loop repeats and what a Remote sends away, with the arrows outside the frames", () => {
  const plan = remote("r1", "gpu", loop("refine", run("a"), 3));
  expect(lines(planMermaid({ plan_id: "p1", plan }))).toEqual([
    "flowchart TD",
    '  input(["input"])',
    '  subgraph n1["Remote r1 on tag gpu"]',
    '    subgraph n2["Loop refine, at most 3 passes"]',
    '      n3{{"pass"}}',
    '      n4["a"]',
    "    end",
    "  end",
    '  output(["output"])',
    "  input --> n3",
    "  n3 --> n4",
    "  n4 -. again .-> n3",
    "  n4 --> output",
  ]);
});

test("arrows follow edges where a plan has them", () => {
  const chart = planMermaid({
    plan_id: "p1",
    plan: seq(run("a"), run("b"), run("c")),
    edges: { b: [], c: ["a", "b"] },
  });
  expect(lines(chart).filter((line) => line.includes("-->"))).toEqual([
    "  input --> n1",
    "  input --> n2",
    "  n1 --> n3",
    "  n2 --> n3",
    "  n3 --> output",
  ]);
});

test("text of ids can't end a label or become markup", () => {
  expect(planMermaid({ plan_id: "p1", plan: run('"]<b>\n#`') })).toContain(
    'n1["#34;#93;#60;b#62;#92;u#123;a#125;#35;#96;"]',
  );
});
