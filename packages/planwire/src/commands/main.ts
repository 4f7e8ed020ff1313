// What `planwire` runs. The exit code is set by the command that ran, or by the error that ended it.
import { collectBuffersEarly } from "./collector.js";
import { EXIT, exitCodeOfError, type ExitCode } from "./exit-codes.js";
import { errorText, toldError } from "./print/error-text.js";
import { lineError, writeLine } from "./print/json-lines.js";
import { openScreen, type Screen } from "./print/screen.js";
import { buildProgram } from "./program.js";
import { isAnswered, usageError } from "./usage-error.js";

async function main(args: readonly string[]): Promise<void> {
  const screen = openScreen();
  try {
    await buildProgram(screen).parseAsync(args, { from: "user" });
  } catch (error) {
    process.exitCode = isAnswered(error)
      ? EXIT.ok
      : await reportError(usageError(error, args), args, screen);
  }
  await screen.out.flush();
  // Standard input may still be open, and a filter that ignores its signal may still run.
  process.exit();
}

async function reportError(
  error: unknown,
  args: readonly string[],
  screen: Screen,
): Promise<ExitCode> {
  const code = exitCodeOfError(error);
  screen.say(errorText(toldError(error), screen.sayStyle));
  if (args.includes("--json")) {
    const event = code === EXIT.refused ? "refused" : "error";
    await writeLine(screen.out, { event, error: lineError(error) });
  }
  return code;
}

collectBuffersEarly();
void main(process.argv.slice(2));
