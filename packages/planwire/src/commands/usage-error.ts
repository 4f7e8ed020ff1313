import { PlanwireError } from "@planwire/protocol";
import { CommanderError } from "commander";

/** Commander throws these after it has printed the help or the version that was asked for. */
const ANSWERED: ReadonlySet<string> = new Set(["commander.helpDisplayed", "commander.version"]);

export function isAnswered(error: unknown): boolean {
  return error instanceof CommanderError && ANSWERED.has(error.code);
}

/** Commander's usage errors as ours; other errors as they are. */
export function usageError(error: unknown, args: readonly string[]): unknown {
  if (!(error instanceof CommanderError)) return error;
  const [message = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const meant = /\(Did you mean (.*)\?\)/.exec(suggestion ?? "")?.[1];
  const [command = ""] = args;
  const help = /^[a-z]/.test(command) ? `planwire ${command} --help` : "planwire --help";
  const isUnknownCommand = error.code === "commander.unknownCommand";
  const where = isUnknownCommand ? "planwire --help" : help;
  const text = error.code === "commander.help" ? "a command is missing" : message;
  return new PlanwireError("BAD_USAGE", text, {
    hint: meant === undefined ? where : `${meant}, or ${where}`,
  });
}
