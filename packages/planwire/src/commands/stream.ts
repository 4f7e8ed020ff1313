import type { ChunkStream } from "@planwire/client";
import { chunks } from "@planwire/plan";
import { Command, Option } from "commander";
import { withConnection, withPlanwire, type ConnectionFlags } from "./connection.js";
import { EXIT, type ExitCode } from "./exit-codes.js";
import { allowOneStdin } from "./input/one-stdin.js";
import { newPlanId } from "./input/plan-file.js";
import { readSubmission } from "./input/plan-source.js";
import { STDIN } from "./input/read-text.js";
import { interruptible, unlessInterrupted } from "./interrupts.js";
import { wholeNumber } from "./option-values.js";
import type { Screen } from "./print/screen.js";
import { streamProgress, type StreamProgress } from "./print/stream-progress.js";
import { parseCellTypes, type CellTypes } from "./rows/cell-types.js";
import { readRows } from "./rows/read-rows.js";
import { ROW_FORMATS, type RowFormat } from "./rows/row-format.js";
import { resultRows, rowLine } from "./rows/write-rows.js";

type Flags = ConnectionFlags & {
  readonly input: string;
  readonly states?: string;
  readonly chunk: number;
  readonly format?: RowFormat;
  readonly types?: CellTypes;
};

const EXAMPLES = `
Rows are NDJSON (.ndjson, .jsonl), a JSON array (.json) or CSV with a header row (.csv); without such an extension or
--format they are a JSON array if they begin with [, else NDJSON. The plan gets arrays of rows. An array that comes back is
written a row a line, anything else as one line. Stdout is for rows alone. No file is read whole.

Examples:
  planwire stream plan.ts#tidy --input rows.ndjson > tidy.ndjson
  planwire stream plan.ts#tidy --input flights.csv --types delay:number,ok:boolean --chunk 500
  cat rows.ndjson | planwire stream plan.json --states fitted.jsonl | head

Exit codes: 0 succeeded (also when the reader of its output has gone), 1 failed, 2 bad usage, bad rows or refused,
3 coordinator not reached, 4 cancelled (also by Ctrl-C).
`;

export function streamCommand(screen: Screen): Command {
  return withConnection(new Command("stream"))
    .summary("send rows through a plan, in chunks")
    .description(
      "Sends rows through a plan in chunks, and writes the rows that come back, in order.",
    )
    .argument("<plan>", "a plan's module (plan.ts#tidy) or JSON file")
    .option("--input <file>", "the rows; - is stdin", STDIN)
    .option("--states <file>", "states by node id: tagged values, or the saved --json of a fit")
    .option("--chunk <rows>", "rows in a chunk", wholeNumber(1, 1_000_000), 1000)
    .addOption(new Option("--format <format>", "of the rows").choices(ROW_FORMATS))
    .option(
      "--types <types>",
      "of a CSV's cells: column:type,... or auto (default: all text)",
      parseCellTypes,
    )
    .addHelpText("after", EXAMPLES)
    .action(async (plan: string, flags: Flags) => {
      process.exitCode = await stream(plan, flags, screen);
    });
}

/** How long the end of a cancelled stream may take, in milliseconds. */
const CANCEL_PATIENCE_MS = 10_000;

function stream(planSource: string, flags: Flags, screen: Screen): Promise<ExitCode> {
  const { states, input, format, types = "text", chunk } = flags;
  const onFirst = () => screen.say("cancelling; once more to leave at once");
  return interruptible(onFirst, async (signal) => {
    allowOneStdin({ PLAN: planSource, "--input": input, "--states": states });
    const submission = readSubmission({ plan: planSource, states });
    // A stream's execution is its own, also when its plan's file names a plan_id.
    const plan = { ...(await unlessInterrupted(submission, signal)), plan_id: newPlanId() };
    return withPlanwire(flags, signal, async (pw) => {
      const progress = await streamProgress(input, screen);
      const rows = readRows({ file: input, format, types, onBytes: progress.countBytes });
      const source = progress.countIn(chunks(rows, chunk));
      const done = writeResults(pw.stream(plan, source, { signal }), screen, progress);
      return unlessInterrupted(done, signal, CANCEL_PATIENCE_MS).finally(() => progress.end());
    });
  });
}

async function writeResults(
  results: ChunkStream<unknown>,
  screen: Screen,
  progress: StreamProgress,
): Promise<ExitCode> {
  const { out } = screen;
  for await (const result of results) {
    const rows = resultRows(result);
    await out.write(rows.map(rowLine).join(""));
    if (out.closed.aborted) return EXIT.ok; // Leaving the loop cancels the stream.
    progress.countOut(rows.length);
  }
  return EXIT.ok;
}
