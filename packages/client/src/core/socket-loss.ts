import { isErrorCode, PROTOCOL_VERSION, type ErrorCode } from "@planwire/protocol";
import type { SocketLoss } from "./events.js";
import { failure, type Failure } from "./failure.js";

/** Errors after which another try with the same token and version would end the same way. */
const FATAL: ReadonlySet<ErrorCode> = new Set([
  "UNAUTHORIZED",
  "FORBIDDEN",
  "FORBIDDEN_ORIGIN",
  "UNSUPPORTED_VERSION",
]);

export function isFatal(code: string): boolean {
  return isErrorCode(code) && FATAL.has(code);
}

/** Why no other try is made, when that is so. */
export function fatalFailureOf(loss: SocketLoss): Failure | undefined {
  const code = fatalCodeOf(loss);
  return code && failure(code, refusalText(code), hintFor(code));
}

function fatalCodeOf({ reason, status }: SocketLoss): ErrorCode | undefined {
  if (isErrorCode(reason) && FATAL.has(reason)) return reason;
  if (status === 401) return "UNAUTHORIZED";
  if (status === 403) return "FORBIDDEN";
  return undefined;
}

function refusalText(code: ErrorCode): string {
  switch (code) {
    case "UNAUTHORIZED":
      return "the coordinator wants a token, or another one than it got";
    case "UNSUPPORTED_VERSION":
      return `the coordinator does not speak version ${PROTOCOL_VERSION} of the protocol`;
    default:
      return "the coordinator refuses connections from here";
  }
}

function hintFor(code: ErrorCode): { hint: string } {
  switch (code) {
    case "UNAUTHORIZED":
      return { hint: "pass connect({ url, token }), or set PLANWIRE_TOKEN" };
    case "UNSUPPORTED_VERSION":
      return { hint: "install the same version of planwire on both sides" };
    default:
      return { hint: "start the coordinator with --allow-origin for this page, or with --token" };
  }
}

const WS_MESSAGE_TOO_BIG = 1009;

/** The peer closed because of a frame of ours: sending it again would end the same way. */
export function tooLargeOf({ closeCode, reason }: SocketLoss): Failure | undefined {
  if (reason !== "MESSAGE_TOO_LARGE" && closeCode !== WS_MESSAGE_TOO_BIG) return undefined;
  return failure("MESSAGE_TOO_LARGE", "the coordinator refused a message as too large");
}

export function describeLoss({ closeCode, reason, status, detail }: SocketLoss): string {
  if (detail) return detail;
  if (status !== undefined) return `it answered with HTTP status ${status}`;
  return reason === "" ? `it closed with code ${closeCode}` : `it closed with ${reason}`;
}
