import { LIMITS, type ExecutionPlan, type SerializedPlan } from "@planwire/protocol";
import { armKeyOf, childrenOf, ownIdOf, type Path } from "../tree.js";
import { describeElement, describeFilter, printable } from "./describe-element.js";

/** A plan as a Mermaid flowchart: how values flow from its input to its output. */
export function planMermaid(plan: SerializedPlan): string {
  return new Flowchart(plan).draw();
}

/** Where an arrow starts, and what is written on it. */
interface Port {
  box: string;
  label?: string;
}

class Flowchart {
  readonly #plan: SerializedPlan;
  readonly #lines: string[] = ["flowchart TD"];
  /** Drawn last: a box that is named within a subgraph would move into it. */
  readonly #arrows: string[] = [];
  /** Where the outputs come from that edges name. */
  readonly #outputs = new Map<string, Port[]>();
  #boxes = 0;
  #indent = "  ";

  constructor(plan: SerializedPlan) {
    this.#plan = plan;
  }

  draw(): string {
    this.#line('input(["input"])');
    const ports = this.#element(this.#plan.plan, [], [{ box: "input" }]);
    this.#line('output(["output"])');
    this.#connect(ports, "output");
    return [...this.#lines, ...this.#arrows].join("\n");
  }

  /** Draws one element; gives the ports that its output leaves from. */
  #element(plan: ExecutionPlan, path: Path, before: Port[]): Port[] {
    if (path.length >= LIMITS.planDepth) return [{ box: this.#box("[", "…", "]", before) }];
    const id = ownIdOf(plan);
    const ports = this.#inside(plan, path, id === undefined ? before : this.#inputOf(id, before));
    if (id !== undefined) this.#outputs.set(id, ports);
    return ports;
  }

  #inside(plan: ExecutionPlan, path: Path, before: Port[]): Port[] {
    if (plan === "Empty") return before;
    if ("Execute" in plan) {
      const { node_id: id } = plan.Execute;
      return [{ box: this.#box("[", `${id}${describeFilter(this.#plan, id)}`, "]", before) }];
    }
    if ("Cached" in plan) return [{ box: this.#box("[(", plan.Cached.node_id, ")]", before) }];
    if ("Parallel" in plan) return this.#parallel(plan.Parallel, path, before);
    if ("Branch" in plan) {
      const box = this.#box("{", plan.Branch.node_id, "}", before);
      return plan.Branch.arms.flatMap(([label, arm], index) =>
        this.#element(arm, [...path, index], [{ box, label }]),
      );
    }
    if ("Loop" in plan) return this.#loop(plan, path, before);
    if ("Remote" in plan) {
      return this.#framed(plan, () => this.#element(plan.Remote.plan, [...path, 0], before));
    }
    let ports = before;
    for (const [index, step] of childrenOf(plan).entries()) {
      ports = this.#element(step, [...path, index], ports);
    }
    return ports;
  }

  #parallel(arms: readonly ExecutionPlan[], path: Path, before: Port[]): Port[] {
    const keys = this.#plan.arm_keys?.[path.join(".")] ?? arms.map(armKeyOf);
    const ends = arms.flatMap((arm, index) =>
      this.#element(arm, [...path, index], before).map(({ box }) => ({
        box,
        label: keys[index] ?? `#${index}`,
      })),
    );
    return [{ box: this.#box("((", "join", "))", ends) }];
  }

  #loop(plan: Extract<ExecutionPlan, { Loop: unknown }>, path: Path, before: Port[]): Port[] {
    return this.#framed(plan, () => {
      const head = this.#box("{{", "pass", "}}", before);
      const ends = this.#element(plan.Loop.body, [...path, 0], [{ box: head }]);
      for (const { box } of ends) this.#arrows.push(`  ${box} -. again .-> ${head}`);
      return ends;
    });
  }

  #framed(plan: ExecutionPlan, draw: () => Port[]): Port[] {
    const outside = this.#indent;
    this.#line(`subgraph ${this.#nextId()}[${quoted(describeElement(plan))}]`);
    this.#indent = `${outside}  `;
    const ports = draw();
    this.#indent = outside;
    this.#line("end");
    return ports;
  }

  #inputOf(id: string, before: Port[]): Port[] {
    const { edges } = this.#plan;
    if (edges === undefined || !Object.hasOwn(edges, id)) return before;
    const predecessors = edges[id] ?? [];
    if (predecessors.length === 0) return [{ box: "input" }];
    return predecessors.flatMap((predecessor) => this.#outputs.get(predecessor) ?? []);
  }

  #box(open: string, text: string, close: string, before: Port[]): string {
    const id = this.#nextId();
    this.#line(`${id}${open}${quoted(text)}${close}`);
    this.#connect(before, id);
    return id;
  }

  #connect(from: Port[], to: string): void {
    for (const { box, label } of from) {
      const arrow = label === undefined ? "-->" : `-->|${quoted(label)}|`;
      this.#arrows.push(`  ${box} ${arrow} ${to}`);
    }
  }

  #nextId(): string {
    return `n${++this.#boxes}`;
  }

  #line(text: string): void {
    this.#lines.push(`${this.#indent}${text}`);
  }
}

/** Mermaid has markup of its own within quotes: everything but plain text is written as a character code. */
function quoted(text: string): string {
  const plain = printable(text).replace(
    /[^\p{L}\p{N} _.,:+=*()/-]/gu,
    (char) => `#${char.codePointAt(0)};`,
  );
  return `"${plain}"`;
}
