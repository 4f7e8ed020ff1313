import type { PlanInfo } from "@planwire/client";
import { ExecutionState } from "@planwire/protocol";
import { Command, InvalidArgumentError } from "commander";
import { askCoordinator, withConnection, type ConnectionFlags } from "./connection.js";
import { wholeNumber } from "./option-values.js";
import { durationText } from "./print/duration.js";
import { writeLine } from "./print/json-lines.js";
import type { Screen } from "./print/screen.js";
import { tableText, type Column } from "./print/table.js";

type Flags = ConnectionFlags & {
  readonly limit: number;
  readonly state?: ExecutionState;
  readonly before?: string;
  readonly json?: boolean;
};

const EXAMPLES = `
Examples:
  planwire plans
  planwire plans --state failed --limit 100
  planwire plans --before p_V1StGXR8        the page after that plan
  planwire plans --json | jq -r .plan_id
`;

export function plansCommand(screen: Screen): Command {
  return withConnection(new Command("plans"))
    .summary("list submissions, newest first")
    .description("Lists submissions, newest first: plans and streams.")
    .option("--limit <n>", "how many, 1 to 1000", wholeNumber(1, 1000), 20)
    .option("--state <state>", `only those that are ${STATES.join(", ")}`, stateNamed)
    .option("--before <id>", "only those submitted before this one")
    .option("--json", "print one JSON object a line: plan")
    .addHelpText("after", EXAMPLES)
    .action(async ({ limit, state, before, json, ...flags }: Flags) => {
      const query = { limit, ...(state && { state }), ...(before !== undefined && { before }) };
      const { plans, total } = await askCoordinator(flags, (pw) => pw.plans(query));
      if (json) for (const plan of plans) await writeLine(screen.out, planLine(plan));
      else if (plans.length > 0) {
        await screen.out.write(`${tableText(plans, columns(Date.now()))}\n`);
        if (total > plans.length) {
          screen.say(`${plans.length} of ${total}; more: --before ${plans.at(-1)?.id}`);
        }
      } else screen.say("none yet; submit one: planwire submit PLAN");
    });
}

const STATES = ExecutionState.options.map((state) => state.toLowerCase());

function stateNamed(text: string): ExecutionState {
  const state = ExecutionState.options.find((each) => each.toLowerCase() === text.toLowerCase());
  if (state) return state;
  throw new InvalidArgumentError(`expected one of ${STATES.join(", ")}.`);
}

function columns(now: number): readonly Column<PlanInfo>[] {
  return [
    { title: "PLAN", cell: ({ id }) => id },
    { title: "NAME", cell: ({ name }) => name ?? "" },
    { title: "KIND", cell: ({ kind }) => kind },
    { title: "STATE", cell: ({ state }) => state },
    {
      title: "SUBMITTED",
      cell: ({ submittedAt }) => `${durationText(Math.max(0, now - submittedAt))} ago`,
      right: true,
    },
    {
      title: "TOOK",
      cell: ({ submittedAt, finishedAt }) =>
        finishedAt === undefined ? "" : durationText(Math.max(0, finishedAt - submittedAt)),
      right: true,
    },
    { title: "TRIES", cell: ({ attempts }) => attempts, right: true },
    { title: "WORKER", cell: ({ workerId }) => workerId ?? "" },
    { title: "ERROR", cell: ({ errorCode }) => errorCode ?? "" },
  ];
}

function planLine({ id, submittedAt, finishedAt, workerId, errorCode, ...rest }: PlanInfo) {
  return {
    event: "plan" as const,
    plan_id: id,
    ...rest,
    submitted_at: submittedAt,
    ...(finishedAt !== undefined && { finished_at: finishedAt }),
    ...(workerId !== undefined && { worker_id: workerId }),
    ...(errorCode !== undefined && { error_code: errorCode }),
  };
}
