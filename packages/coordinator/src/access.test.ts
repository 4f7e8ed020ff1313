import { describe, expect, test } from "vitest";
import { decideAccess, isLoopbackName, type AccessRequest, type AccessRules } from "./access.js";

interface Asked {
  readonly url?: string;
  readonly from?: string | undefined;
  readonly host?: string | undefined;
  readonly origin?: string;
  readonly authorization?: string;
  readonly protocols?: string;
}

function request(asked: Asked): AccessRequest {
  const { url = "/", origin, authorization, protocols } = asked;
  const host = "host" in asked ? asked.host : "127.0.0.1:7420";
  return {
    url,
    remoteAddress: "from" in asked ? asked.from : "127.0.0.1",
    headers: {
      ...(host !== undefined && { host }),
      ...(origin !== undefined && { origin }),
      ...(authorization !== undefined && { authorization }),
      ...(protocols !== undefined && { "sec-websocket-protocol": protocols }),
    },
  };
}

const LISTED = "https://example.org";
const open: AccessRules = { token: undefined, allowOrigins: [LISTED] };
const guarded: AccessRules = { token: "s3cret", allowOrigins: [LISTED] };
const everything = { worker: true, client: true };

function codeFor(asked: Asked, rules: AccessRules): string {
  const access = decideAccess(request(asked), rules);
  return access.ok ? "ok" : `${access.refusal.status} ${access.refusal.code}`;
}

describe("without a token", () => {
  test.each(["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])("%s may come in", (from) => {
    expect(decideAccess(request({ from }), open)).toEqual({
      ok: true,
      scopes: everything,
      tokenInUrl: false,
    });
  });

  test.each(["10.0.0.7", "::ffff:10.0.0.7", "fe80::1", "128.0.0.1", undefined])(
    "%s is another machine",
    (from) => {
      expect(codeFor({ from }, open)).toBe("403 FORBIDDEN");
    },
  );

  test.each(["localhost", "LocalHost:7420", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:7420"])(
    "Host %s is this machine",
    (host) => {
      expect(codeFor({ host }, open)).toBe("ok");
    },
  );

  test.each([
    "evil.example",
    "evil.example:7420",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.evil.example",
    "10.0.0.7:7420",
    "user@localhost",
    "[::2]",
    "::1]",
    "localhost:",
    "",
    undefined,
  ])("Host %s is none", (host) => {
    expect(codeFor({ host }, open)).toBe("403 FORBIDDEN");
  });

  test("a page's origin must be listed, exactly; this coordinator's own is none of a page's", () => {
    expect(codeFor({ origin: LISTED }, open)).toBe("ok");
    const others = [`${LISTED}:8443`, `${LISTED}.evil.example`, "http://example.org", "null", ""];
    for (const origin of [...others, "http://127.0.0.1:7420"]) {
      expect(codeFor({ origin }, open), origin).toBe("403 FORBIDDEN_ORIGIN");
    }
  });

  test("a listed origin does not make another machine or name welcome", () => {
    expect(codeFor({ origin: LISTED, from: "10.0.0.7" }, open)).toBe("403 FORBIDDEN");
    expect(codeFor({ origin: LISTED, host: "evil.example" }, open)).toBe("403 FORBIDDEN");
  });

  test("a token that nobody asked for changes nothing", () => {
    expect(codeFor({ authorization: "Bearer any", url: "/?token=any" }, open)).toBe("ok");
    expect(decideAccess(request({ url: "/?token=any" }), open)).toMatchObject({
      tokenInUrl: false,
    });
  });
});

describe("with a token", () => {
  const encoded = Buffer.from("s3cret").toString("base64url");

  test.each<[string, Asked]>([
    ["the header", { authorization: "Bearer s3cret" }],
    ["the header, whatever its case", { authorization: "bearer  s3cret " }],
    ["a subprotocol", { protocols: `planwire.v1, planwire.bearer.${encoded}` }],
    ["the URL", { url: "/ws?a=1&token=s3cret" }],
  ])("it may stand in %s, from any machine and under any name", (_where, asked) => {
    expect(codeFor({ ...asked, from: "10.0.0.7", host: "fleet.example" }, guarded)).toBe("ok");
  });

  test("only one from the URL is told of", () => {
    const tokenInUrl = (asked: Asked) => decideAccess(request(asked), guarded);
    expect(tokenInUrl({ url: "/?token=s3cret" })).toMatchObject({ tokenInUrl: true });
    expect(tokenInUrl({ authorization: "Bearer s3cret" })).toMatchObject({ tokenInUrl: false });
  });

  test.each<[string, Asked]>([
    ["none", {}],
    ["an empty header", { authorization: "Bearer " }],
    ["another scheme", { authorization: "Basic s3cret" }],
    ["a wrong header", { authorization: "Bearer s3cre" }],
    ["a longer one", { authorization: "Bearer s3cret!" }],
    ["a wrong subprotocol", { protocols: "planwire.v1, planwire.bearer.eA" }],
    ["no base64url", { protocols: "planwire.bearer.***" }],
    ["a wrong one in the URL", { url: "/?token=x" }],
    ["an empty one in the URL", { url: "/?token=" }],
    ["a wrong header beside the right URL", { authorization: "Bearer x", url: "/?token=s3cret" }],
  ])("%s is refused, on this machine too", (_what, asked) => {
    expect(codeFor(asked, guarded)).toBe("401 UNAUTHORIZED");
  });

  test("a missing and a wrong one are told apart, and neither shows the token", () => {
    const messageOf = (asked: Asked) => {
      const access = decideAccess(request(asked), guarded);
      return access.ok ? "" : access.refusal.message + access.refusal.hint;
    };
    expect(messageOf({})).toContain("asks for a token");
    expect(messageOf({ authorization: "Bearer x" })).toContain("wrong");
    expect(messageOf({}) + messageOf({ authorization: "Bearer x" })).not.toContain("s3cret");
  });

  test("a page needs a listed origin as well", () => {
    const authorization = "Bearer s3cret";
    expect(codeFor({ authorization, origin: LISTED }, guarded)).toBe("ok");
    expect(codeFor({ authorization, origin: "https://evil.example" }, guarded)).toBe(
      "403 FORBIDDEN_ORIGIN",
    );
    expect(codeFor({ origin: LISTED }, guarded)).toBe("401 UNAUTHORIZED");
  });
});

test("loopback names to listen on", () => {
  for (const name of ["localhost", "127.0.0.1", "127.0.0.2", "::1"]) {
    expect(isLoopbackName(name), name).toBe(true);
  }
  for (const name of ["0.0.0.0", "::", "10.0.0.7", "example.org", ""]) {
    expect(isLoopbackName(name), name).toBe(false);
  }
});
