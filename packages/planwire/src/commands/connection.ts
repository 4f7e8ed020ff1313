import { connectTo, type Planwire } from "@planwire/client";
import { PlanwireError } from "@planwire/protocol";
import { Option, type Command } from "commander";

export const DEFAULT_URL = "ws://127.0.0.1:7420";

export interface ConnectionFlags {
  readonly coordinator: string;
  readonly token?: string;
}

/** The flags of every command that talks to a coordinator. */
export function withConnection(command: Command): Command {
  return command.addOption(coordinatorOption()).addOption(tokenOption());
}

export function coordinatorOption(): Option {
  return new Option("--coordinator <url>", "where the coordinator listens")
    .env("PLANWIRE_URL")
    .default(DEFAULT_URL)
    .argParser(coordinatorUrl);
}

export function tokenOption(): Option {
  return new Option("--token <token>", "what the coordinator asks for").env("PLANWIRE_TOKEN");
}

/** `ws://HOST:PORT` of what may also be written `HOST:PORT` or as http. @throws PlanwireError BAD_USAGE */
export function coordinatorUrl(text: string): string {
  const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `ws://${text}`;
  const asSocket = withScheme.replace(/^http(s?):/i, "ws$1:");
  if (!URL.canParse(asSocket) || !/^wss?:\/\/./i.test(asSocket)) {
    throw new PlanwireError("BAD_USAGE", `"${text}" is no coordinator's address`, {
      hint: `--coordinator ${DEFAULT_URL}, or PLANWIRE_URL=${DEFAULT_URL}`,
    });
  }
  return asSocket;
}

/**
 * Connects, and closes afterwards whatever happens.
 * @throws PlanwireError COORDINATOR_UNREACHABLE after 5 s; CANCELLED when interrupted before that
 */
export async function withPlanwire<T>(
  { coordinator, token }: ConnectionFlags,
  interrupted: AbortSignal,
  use: (pw: Planwire) => Promise<T>,
): Promise<T> {
  const pw = await connectTo({
    url: coordinator,
    signal: interrupted,
    ...(token !== undefined && { token }),
  });
  try {
    return await use(pw);
  } finally {
    await pw.close();
  }
}

/** As `withPlanwire`, for a command with nothing to cancel: an interrupt simply ends the process. */
export function askCoordinator<T>(
  flags: ConnectionFlags,
  use: (pw: Planwire) => Promise<T>,
): Promise<T> {
  return withPlanwire(flags, new AbortController().signal, use);
}
