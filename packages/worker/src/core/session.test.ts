import { PlanwireError } from "@planwire/protocol";
import { expect, test } from "vitest";
import { CoreScript, done, offerOf } from "../testing/core-script.js";

const FILTERS = [offerOf("a")];
const CAPABILITIES = { cpu_cores: 2, ram_bytes: 1024, gpus: [], python_envs: [], tags: [] };

function started(registered = {}): CoreScript {
  const script = new CoreScript();
  script.start(FILTERS, registered);
  return script;
}

test("Register tells what the worker is, offers and holds", () => {
  const script = new CoreScript({ slots: 3 });
  const capabilities = { ...CAPABILITIES, tags: ["x"] };
  script.feed({ type: "start", filters: [offerOf("a", { version: "2" })], capabilities });
  expect(script.take("connect")).toEqual({ type: "connect", connection: 1 });
  script.feed({ type: "connectDone", connection: 1 });
  expect(script.sent("Register")).toMatchObject({
    worker_id: "w1",
    incarnation: "i1",
    capabilities,
    max_concurrent: 3,
    filters: [{ name: "a", version: "2", kind: "Stateless", stream_mode: "FixedState" }],
    resume: [],
  });
});

test("a lost connection is tried again, ever later, below half a lease", () => {
  const script = started({ heartbeat_timeout_ms: 2000 });
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    script.lose();
    const from = script.mono;
    while (!script.has("connect")) script.pass(1);
    waits.push(script.mono - from);
    script.forget();
  }
  expect(waits.slice(0, 3)).toEqual([75, 150, 300]);
  expect(Math.max(...waits)).toBeLessThan(1000);
});

test("the same reason is told once, a new one again", () => {
  const script = started();
  const told = () => {
    script.lose("cut");
    script.pass(10_000);
    const events: unknown[] = [];
    while (script.has("notify")) events.push(script.take("notify").event.type);
    script.forget();
    return events;
  };
  expect(told()).toEqual(["lost"]);
  expect(told()).toEqual([]);
  script.lose("WORKER_ID_TAKEN", 4409);
  expect(script.take("notify").event).toMatchObject({ type: "refused", code: "WORKER_ID_TAKEN" });
});

test("an error before Registered refuses the worker, with the coordinator's words", () => {
  const script = new CoreScript();
  script.start(FILTERS);
  script.lose();
  script.pass(1000);
  script.feed({ type: "connectDone", connection: 2 });
  script.forget();
  script.receive({
    type: "Error",
    code: "WORKER_ID_TAKEN",
    message: "w1 is here",
    retryable: false,
  });
  script.take("disconnect");
  script.lose("WORKER_ID_TAKEN", 4409);
  expect(script.take("notify").event).toMatchObject({ type: "refused", message: "w1 is here" });
});

/** Each connection goes as an answer says; what the owner is told of its end. */
function toldOf(...answers: ((script: CoreScript, connection: number) => void)[]): unknown[] {
  const script = new CoreScript();
  const capabilities = { cpu_cores: 2, ram_bytes: 1024, gpus: [], python_envs: [], tags: [] };
  script.feed({ type: "start", filters: FILTERS, capabilities });
  return answers.map((answer, index) => {
    const { connection } = script.take("connect");
    script.forget();
    script.feed({ type: "connectDone", connection });
    answer(script, connection);
    const told = script.has("notify") ? script.take("notify").event : undefined;
    if (index < answers.length - 1) script.pass(10_000);
    return told;
  });
}

test("a refusal is told with all that the coordinator says, and again when it says something else", () => {
  const refusedFor = (path: string) => (script: CoreScript) => {
    const refusal = { code: "INVALID_MESSAGE", message: "no", path, expected: "a name" };
    script.receive({ type: "Error", ...refusal, retryable: false });
    script.take("disconnect");
    script.lose("refused", 1000);
  };
  const refused = { type: "refused", code: "INVALID_MESSAGE", message: "no", expected: "a name" };
  expect(
    toldOf(refusedFor("worker_id"), refusedFor("worker_id"), refusedFor("filters[0].name")),
  ).toEqual([
    { ...refused, path: "worker_id", retryInMs: expect.any(Number) },
    undefined,
    { ...refused, path: "filters[0].name", retryInMs: expect.any(Number) },
  ]);
});

test.each([
  [new PlanwireError("PEER_ERROR", "who are you?"), true, "who are you?"],
  [new PlanwireError("INVALID_MESSAGE", "worker_id: expected a string"), false, "can't be read"],
])("%s in answer to Register is told when no Registered comes", (error, isError, message) => {
  const told = toldOf((script, connection) => {
    script.feed({ type: "receivedBroken", connection, error, isError });
    expect(script.has("disconnect")).toBe(false);
    script.pass(10_000);
  });
  const { code } = error;
  expect(told).toMatchObject([
    { type: "refused", code, message: expect.stringContaining(message) },
  ]);
});

test("what could not be read is forgotten when Registered comes after all", () => {
  const told = toldOf((script, connection) => {
    const error = new PlanwireError("INVALID_MESSAGE", "noise");
    script.feed({ type: "receivedBroken", connection, error, isError: false });
    script.register();
    script.forget();
    script.lose();
  });
  expect(told).toMatchObject([{ type: "lost" }]);
});

test.each([
  ["MESSAGE_TOO_LARGE", "refused"],
  ["UNSUPPORTED_VERSION", "refused"],
  ["SESSION_EXPIRED", "lost"],
  ["SHUTTING_DOWN", "lost"],
  ["no code", "lost"],
])("a worker whose connection is closed with %s is %s", (reason, type) => {
  expect(toldOf((script) => script.lose(reason))).toMatchObject([{ type }]);
});

test("a coordinator that does not answer Register is given up", () => {
  const script = new CoreScript({ registerTimeoutMs: 5000 });
  script.start(FILTERS);
  script.lose();
  script.pass(1000);
  script.feed({ type: "connectDone", connection: 2 });
  script.forget();
  script.pass(4000);
  expect(script.has("disconnect")).toBe(false);
  script.pass(1000);
  script.take("disconnect");
  script.pass(1000);
  expect(script.take("connect").connection).toBe(3);
});

test("Register says which of the process's connections it is for", () => {
  const script = new CoreScript();
  script.feed({ type: "start", filters: FILTERS, capabilities: CAPABILITIES });
  script.feed({ type: "connectDone", connection: 1 });
  expect(script.sent("Register").connection).toBe(1);
  script.lose();
  script.pass(1000);
  script.feed({ type: "connectDone", connection: 2 });
  expect(script.sent("Register").connection).toBe(2);
});

test("a connection that was given up says nothing any more", () => {
  const script = started();
  script.lose();
  script.forget();
  script.assign("a");
  script.expectNothingMore();
});

test("after a reconnect what is finished is sent again, what runs goes on", () => {
  const script = started();
  script.assign("a", "runs");
  script.assign("a", "finished");
  const runs = script.begin();
  script.end(script.begin(), done(1));
  script.lose();
  script.pass(1000);
  script.forget();
  script.feed({ type: "connectDone", connection: 2 });
  expect(script.sent("Register").resume).toEqual([
    { plan_id: "runs", attempt: 1, state: "running" },
    { plan_id: "finished", attempt: 1, state: "finished" },
  ]);
  script.connect();
  expect(script.sent("PlanResult")).toMatchObject({ plan_id: "finished" });
  script.receive({ type: "ResultAck", id: "finished", attempt: 1, taken: true });
  script.end(runs);
  expect(script.sent("PlanResult")).toMatchObject({ plan_id: "runs" });
});

test("a result that comes while nobody is connected waits for the next session", () => {
  const script = started();
  script.assign("a");
  const call = script.begin();
  script.lose();
  script.forget();
  script.end(call, done(4));
  expect(() => script.sent("PlanResult")).toThrow("no PlanResult");
  script.pass(1000);
  script.connect();
  expect(script.sent("PlanResult")).toMatchObject({ attempt: 1 });
});

test("an acknowledged result is not sent again, whether it was taken or not", () => {
  const script = started();
  for (const taken of [true, false]) {
    script.assign("a", `p-${taken}`);
    script.end(script.begin());
    script.receive({ type: "ResultAck", id: `p-${taken}`, attempt: 1, taken });
  }
  script.lose();
  script.pass(1000);
  script.forget();
  script.connect();
  expect(() => script.sent("PlanResult")).toThrow("no PlanResult");
});

test("the ack of another attempt leaves a result where it is", () => {
  const script = started();
  script.assign("a", "p1", 2);
  script.end(script.begin());
  script.receive({ type: "ResultAck", id: "p1", attempt: 1, taken: false });
  expect(script.core.state.unacknowledged.has("p1")).toBe(true);
});

test("results are not dropped for want of room, rather no new work is taken", () => {
  const script = new CoreScript({ mostUnacknowledged: 1 });
  script.start(FILTERS);
  script.assign("a", "first");
  script.end(script.begin());
  script.forget();
  script.assign("a", "second");
  expect(script.sent("Busy")).toMatchObject({ plan_id: "second" });
  script.receive({ type: "ResultAck", id: "first", attempt: 1, taken: true });
  script.assign("a", "second");
  expect(script.begin().planId).toBe("second");
});

test("another history drops what is held, and tells nobody of it", () => {
  const script = started();
  script.assign("a", "runs");
  script.assign("a", "finished");
  const runs = script.begin();
  script.end(script.begin());
  script.lose();
  script.pass(1000);
  script.forget();
  script.connect({ history_id: "h2" });
  expect(script.take("abortCall").call).toBe(runs.call);
  expect(() => script.sent("PlanResult")).toThrow("no PlanResult");
  script.end(runs);
  expect(() => script.sent("PlanResult")).toThrow("no PlanResult");
  expect(script.core.state.slots.size).toBe(0);
});

test("a coordinator that was restarted over the same history finds what it held", () => {
  const script = started({ coordinator_id: "c1" });
  script.assign("a");
  script.begin();
  script.lose();
  script.pass(1000);
  script.forget();
  script.connect({ coordinator_id: "c2" });
  expect(script.has("abortCall")).toBe(false);
});

test("an offer between Register and Registered is told afterwards, and done with the ack", () => {
  const script = new CoreScript();
  const capabilities = { cpu_cores: 1, ram_bytes: 1, gpus: [], python_envs: [], tags: [] };
  script.feed({ type: "start", filters: [], capabilities });
  script.feed({ type: "connectDone", connection: 1 });
  script.forget();
  script.feed({ type: "offer", offer: 1, filters: [offerOf("late")] });
  script.expectNothingMore();
  script.register();
  expect(script.sent("Register").filters).toMatchObject([{ name: "late" }]);
  expect(script.has("offerDone")).toBe(false);
  script.take("sampleLoad");
  script.feed({ type: "sampleLoadDone", load: { cpu_usage: 0, memory_usage: 0, gpu_usage: [] } });
  script.receive({ type: "HeartbeatAck", handled: 2 });
  expect(script.take("offerDone").offer).toBe(1);
});

test("what can't be understood is answered by a typed error, an error by nothing", () => {
  const script = started();
  const details = { path: "type", expected: "one of the types" };
  const error = new PlanwireError("UNKNOWN_TYPE", 'unknown message type "Dance"', { details });
  script.feed({ type: "receivedBroken", connection: 1, error, isError: false });
  expect(script.sent("Error")).toMatchObject({ code: "UNKNOWN_TYPE", ...details });
  script.feed({ type: "receivedBroken", connection: 1, error, isError: true });
  script.receive({ type: "Error", code: "INTERNAL", message: "?", retryable: false });
  script.expectNothingMore();
});

test("a message that is not for workers is UNEXPECTED_MESSAGE", () => {
  const script = started();
  script.receive({ type: "Unwatch", plan_id: "p1" });
  expect(script.sent("Error")).toMatchObject({ code: "UNEXPECTED_MESSAGE" });
});

test("Ping gets Pong, StatusRequest a Register, a Python job its refusal", () => {
  const script = started();
  script.receive({ type: "Ping" });
  script.sent("Pong");
  script.receive({ type: "StatusRequest" });
  expect(script.sent("Register")).toMatchObject({ status: "ready" });
  script.receive({
    type: "AssignPythonJob",
    job: { job_id: "j", pipeline_id: "", investigation_id: "", files: [], entry_point: "main.py" },
  });
  expect(script.sent("JobResult")).toMatchObject({ job_id: "j", success: false });
  script.expectNothingMore();
});

test("a connection that does not open is given up in time for another try within the lease", () => {
  const script = new CoreScript();
  script.start([], { heartbeat_timeout_ms: 6_000 });
  script.lose();
  script.pass(1_000);
  script.forget();
  script.pass(3_000); // half a lease
  script.take("disconnect");
  script.pass(3_000);
  expect(script.has("connect")).toBe(true);
});
