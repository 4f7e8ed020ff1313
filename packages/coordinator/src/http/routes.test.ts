import { expect, test } from "vitest";
import { answerGet, type HttpView } from "./routes.js";

const view: HttpView = {
  isReady: () => true,
  workers: () => [],
  summary: () => ({ streams: 0 }),
};

test.each([
  ["/health", { status: "ok" }],
  ["/ready", { ready: true }],
  ["/workers", { workers: [] }],
  ["/summary", { streams: 0 }],
])("GET %s", (path, body) => {
  expect(answerGet("GET", path, view)).toEqual({ status: 200, body });
  expect(answerGet("HEAD", path, view).status).toBe(200);
});

test("one that goes away is alive, but not ready", () => {
  const leaving = { ...view, isReady: () => false };
  expect(answerGet("GET", "/health", leaving).status).toBe(200);
  expect(answerGet("GET", "/ready", leaving)).toMatchObject({
    status: 503,
    body: { code: "SHUTTING_DOWN" },
  });
});

test.each([
  ["GET", "/nothing", 404],
  ["GET", "/workers/", 404],
  ["GET", "/__proto__", 404],
  ["POST", "/workers", 405],
  ["GET", "/", 426],
  ["GET", "/ws", 426],
])("%s %s is %i, with a code and what to do instead", (method, path, status) => {
  const answer = answerGet(method, path, view);
  expect(answer).toMatchObject({ status, body: { code: "BAD_USAGE" } });
  expect(answer.body).toHaveProperty("hint");
});

test("405 says what is allowed", () => {
  expect(answerGet("DELETE", "/summary", view).headers).toEqual({ allow: "GET, HEAD" });
});
