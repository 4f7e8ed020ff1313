import { Command } from "commander";
import { withConnection, withPlanwire, type ConnectionFlags } from "./connection.js";
import { EXIT, type ExitCode } from "./exit-codes.js";
import { followRun } from "./follow-run.js";
import { readSubmission, type PlanParts } from "./input/plan-source.js";
import { interruptible, unlessInterrupted } from "./interrupts.js";
import { policyOf, withPolicy, type PolicyFlags } from "./policy-flags.js";
import { printOutcome } from "./print-outcome.js";
import { writeLine } from "./print/json-lines.js";
import type { Screen } from "./print/screen.js";

type Flags = ConnectionFlags &
  PolicyFlags &
  Omit<PlanParts, "plan"> & { readonly detach?: boolean; readonly json?: boolean };

const EXAMPLES = `
PLAN is a module that exports plans (plan.ts#tidy), a plan in JSON, or - for standard input:

  {"plan":{"Sequence":[{"Execute":{"node_id":"clean"}},{"Execute":{"node_id":"count"}}]}}

There a node's id names its filter; "bindings":[{"node_id","uses":"name@version","params","state"}] names another.

Examples:
  planwire submit plan.ts#tidy --input rows.json
  echo '[1,2,3]' | planwire submit plan.json --input -
  planwire submit plan.ts#tidy --input rows.json --fit --json > fitted.jsonl
  planwire submit plan.ts#tidy --input more.json --states fitted.jsonl > tidy.json
  planwire submit plan.json --detach        then: planwire result last
  planwire submit plan.json --timeout 10m --retries 2 --retry-on FILTER_ERROR --keep 1d

Exit codes: 0 succeeded (or detached), 1 failed, 2 bad usage or refused, 3 coordinator not reached, 4 cancelled.
`;

export function submitCommand(screen: Screen): Command {
  return withPolicy(withConnection(new Command("submit")))
    .summary("run a plan and print its output")
    .description("Hands a plan in, waits for its end and prints its output. Ctrl-C cancels it.")
    .argument("<plan>", "a plan's module, JSON file, or -")
    .option("--input <file>", "the plan's input: plain JSON or a tagged value; - is stdin")
    .option("--states <file>", "states by node id: tagged values, or the saved --json of a fit")
    .option("--fit", "fit the plan instead of only running it")
    .option("--labels <file>", "what to fit to (y), as --input; implies --fit")
    .option("--detach", "don't wait: print the plan_id once it is accepted")
    .option("--json", "print one JSON object a line: accepted, refused, finished")
    .addHelpText("after", EXAMPLES)
    .action(async (plan: string, flags: Flags) => {
      process.exitCode = await submit({ ...flags, plan }, screen);
    });
}

/** How long the answer to a cancel may take, in milliseconds: a filter has 5 s of grace before it is killed. */
const CANCEL_PATIENCE_MS = 10_000;

function submit(flags: Flags & PlanParts, screen: Screen): Promise<ExitCode> {
  const onFirst = () => screen.say("cancelling; once more to leave at once");
  return interruptible(onFirst, async (signal) => {
    const plan = await unlessInterrupted(readSubmission(flags), signal);
    return withPlanwire(flags, signal, async (pw) => {
      const run = await pw.submit(plan, { signal, ...policyOf(flags) });
      await printAccepted(run.id, flags, screen);
      if (flags.detach) return EXIT.ok;
      const end = flags.json ? run.outcome() : followRun(run, screen);
      const outcome = await unlessInterrupted(end, signal, CANCEL_PATIENCE_MS);
      return printOutcome(run.id, outcome, screen, flags.json === true);
    });
  });
}

async function printAccepted(planId: string, flags: Flags, screen: Screen): Promise<void> {
  if (flags.json) return writeLine(screen.out, { event: "accepted", plan_id: planId });
  if (!flags.detach) return screen.say(screen.sayStyle.dim(`accepted ${planId}`));
  await screen.out.write(`${planId}\n`);
  screen.say(`it goes on without you; see it with: planwire watch ${planId}`);
}
