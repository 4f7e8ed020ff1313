import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { isIPv4 } from "node:net";
import type { ErrorCode } from "@planwire/protocol";
import type { Scopes } from "./core/event.js";

export interface AccessRules {
  readonly token: string | undefined;
  /** Exactly as browsers send them: `https://example.org`. */
  readonly allowOrigins: readonly string[];
}

export interface AccessRequest {
  /** Path and query, as in the request's first line. */
  readonly url: string;
  readonly headers: Pick<
    IncomingHttpHeaders,
    "authorization" | "host" | "origin" | "sec-websocket-protocol"
  >;
  readonly remoteAddress: string | undefined;
}

export type Access =
  | {
      readonly ok: true;
      readonly scopes: Scopes;
      /** The token stood in the URL, where proxies and histories keep it. */
      readonly tokenInUrl: boolean;
    }
  | { readonly ok: false; readonly refusal: Refusal };

export interface Refusal {
  readonly status: 401 | 403;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

const EVERYTHING: Scopes = { worker: true, client: true };
const BEARER_PROTOCOL = "planwire.bearer.";

/**
 * Whether a request, plain or for a WebSocket, may come in. A web page comes in only from a listed Origin, token or not. Without a token
 * only this machine does, and only by a loopback name: a foreign Host is a page whose own name was pointed here (DNS rebinding).
 */
export function decideAccess(request: AccessRequest, rules: AccessRules): Access {
  const refusal =
    refusedOrigin(request, rules) ??
    (rules.token === undefined ? refusedPeer(request) : refusedToken(request, rules.token));
  if (refusal !== undefined) return { ok: false, refusal };
  const tokenInUrl = rules.token !== undefined && presentedToken(request)?.from === "url";
  return { ok: true, scopes: EVERYTHING, tokenInUrl };
}

/** `localhost`, 127.0.0.0/8 or ::1, as a name to listen on. */
export function isLoopbackName(name: string): boolean {
  return name.toLowerCase() === "localhost" || isLoopbackAddress(name);
}

function refusedOrigin({ headers }: AccessRequest, rules: AccessRules): Refusal | undefined {
  const { origin } = headers;
  if (origin === undefined || rules.allowOrigins.includes(origin)) return undefined;
  return {
    status: 403,
    code: "FORBIDDEN_ORIGIN",
    message: `web pages of ${origin} may not use this coordinator`,
    hint: "Start the coordinator with `--allow-origin` and that origin.",
  };
}

function refusedPeer({ headers, remoteAddress }: AccessRequest): Refusal | undefined {
  if (remoteAddress === undefined || !isLoopbackAddress(remoteAddress)) {
    return forbidden("without a token this coordinator serves its own machine only");
  }
  if (isLoopbackHost(headers.host)) return undefined;
  return forbidden(
    `the Host ${JSON.stringify(headers.host ?? "")} is no loopback name, expected localhost, 127.0.0.1 or [::1]`,
  );
}

function forbidden(message: string): Refusal {
  return {
    status: 403,
    code: "FORBIDDEN",
    message,
    hint: "Start the coordinator with `--token` to let others in.",
  };
}

function refusedToken(request: AccessRequest, token: string): Refusal | undefined {
  const presented = presentedToken(request);
  if (presented !== undefined && isSame(presented.token, token)) return undefined;
  return {
    status: 401,
    code: "UNAUTHORIZED",
    message: presented === undefined ? "this coordinator asks for a token" : "the token is wrong",
    hint: "Give the coordinator's token: `--token`, PLANWIRE_TOKEN, or `Authorization: Bearer ..`.",
  };
}

interface Presented {
  readonly token: string;
  readonly from: "header" | "subprotocol" | "url";
}

function presentedToken({ headers, url }: AccessRequest): Presented | undefined {
  const inHeader = /^bearer +(.+)$/i.exec(headers.authorization ?? "")?.[1];
  if (inHeader !== undefined) return { token: inHeader.trim(), from: "header" };
  const inSubprotocol = headers["sec-websocket-protocol"]
    ?.split(",")
    .map((protocol) => protocol.trim())
    .find((protocol) => protocol.startsWith(BEARER_PROTOCOL));
  if (inSubprotocol !== undefined) {
    const encoded = inSubprotocol.slice(BEARER_PROTOCOL.length);
    return { token: Buffer.from(encoded, "base64url").toString(), from: "subprotocol" };
  }
  const inUrl = new URLSearchParams(url.split("?")[1] ?? "").get("token");
  return inUrl === null ? undefined : { token: inUrl, from: "url" };
}

/** In a time that tells nothing about either: hashes have one length. */
function isSame(presented: string, token: string): boolean {
  return timingSafeEqual(sha256(presented), sha256(token));
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function isLoopbackHost(host: string | undefined): boolean {
  const name = /^(\[[^\]]*\]|[^:[\]]+)(?::\d+)?$/.exec(host ?? "")?.[1];
  return name !== undefined && isLoopbackName(name.replace(/^\[(.*)\]$/, "$1"));
}

function isLoopbackAddress(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:/, "");
  return plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}
