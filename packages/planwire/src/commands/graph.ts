import { planMermaid, planTree } from "@planwire/plan";
import { Command } from "commander";
import { readPlan } from "./input/plan-source.js";
import type { Screen } from "./print/screen.js";

const EXAMPLES = `
Examples:
  planwire graph plan.ts#tidy
  planwire graph plan.json --mermaid > plan.mmd

No coordinator is needed.
`;

export function graphCommand(screen: Screen): Command {
  return new Command("graph")
    .summary("draw a plan as a tree")
    .description("Draws a plan as a tree, or as a Mermaid chart.")
    .argument("<plan>", "a plan's module (plan.ts#tidy), JSON file, or -")
    .option("--mermaid", "as the text of a Mermaid chart")
    .addHelpText("after", EXAMPLES)
    .action(async (source: string, { mermaid }: { readonly mermaid?: boolean }) => {
      const plan = await readPlan(source, { unfitted: true });
      const drawing = mermaid ? planMermaid(plan) : planTree(plan);
      await screen.out.write(`${drawing}\n`);
    });
}
