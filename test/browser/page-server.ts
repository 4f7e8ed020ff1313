// Serves the page, bundled as a user's bundler would do it, and takes what it posts.
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Findings, Settings } from "./fixtures/page.js";

const PAGE = fileURLToPath(new URL("./fixtures/page.ts", import.meta.url));
const HTML = `<!doctype html><title>Planwire</title><script type="module" src="/page.js"></script>`;
/** As strict pages have it: a client that needs eval, or a script from elsewhere, fails here. */
const POLICY = "default-src 'self'; connect-src 'self' ws:";

export interface PageServer extends AsyncDisposable {
  /** Also the page's address. */
  readonly origin: string;
  /** What the page finds with these settings. */
  findings(settings: Settings): Promise<Findings>;
}

export async function servePage(): Promise<PageServer> {
  const script = await bundle();
  let take: (findings: Findings) => void;
  let fail: (error: unknown) => void;
  const posted = new Promise<Findings>((resolve, reject) => ([take, fail] = [resolve, reject]));
  let settings: Settings | undefined;

  const answer = async (request: IncomingMessage): Promise<[type: string, body: string]> => {
    switch (request.url) {
      case "/":
        return ["text/html", HTML];
      case "/page.js":
        return ["text/javascript", script];
      case "/settings":
        return ["application/json", JSON.stringify(settings)];
      case "/findings":
        take(JSON.parse(await text(request)) as Findings);
        return ["text/plain", ""];
      default:
        return ["text/plain", "nothing here"];
    }
  };
  const server = createServer((request, response) => {
    answer(request).then(([type, body]) => {
      response.setHeader("content-type", `${type}; charset=utf-8`);
      response.setHeader("content-security-policy", POLICY);
      response.end(body);
    }, fail);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");

  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    findings(given) {
      settings = given;
      return posted;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [PAGE],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}
