import { STATUS_CODES, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { ErrorCode } from "@planwire/protocol";

/** An answer over HTTP; the body is sent as JSON. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Why a request is not served, in the words of the wire's errors. */
export interface HttpRefusal {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

export function refused({ status, code, message, hint }: HttpRefusal): HttpAnswer {
  const body = { code, message, hint };
  return status === 401
    ? { status, body, headers: { "www-authenticate": "Bearer" } }
    : { status, body };
}

export function writeAnswer(response: ServerResponse, answer: HttpAnswer): void {
  const { text, headers } = rendered(answer);
  response.writeHead(answer.status, headers).end(text);
}

/** To a request for an upgrade, for which Node has no response. */
export function writeAnswerRaw(socket: Duplex, answer: HttpAnswer): void {
  const { text, headers } = rendered(answer);
  const lines = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ""}`,
    "connection: close",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  // Whoever was refused may be gone already.
  socket.on("error", () => {});
  socket.end(`${lines.join("\r\n")}\r\n\r\n${text}`, () => socket.destroy());
}

function rendered({ body, headers }: HttpAnswer): {
  text: string;
  headers: Record<string, string>;
} {
  const text = `${JSON.stringify(body)}\n`;
  return {
    text,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "content-length": String(Buffer.byteLength(text)),
      "cache-control": "no-store",
      ...headers,
    },
  };
}
