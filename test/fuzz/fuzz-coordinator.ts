import { setTimeout as sleep } from "node:timers/promises";
import type { Message, MessageType } from "@planwire/protocol";
import { Chance } from "../chance.js";
import { brokenUtf8, nextFrame, valid } from "./frames.js";
import { FuzzedConnection } from "./fuzzed-connection.js";
import { mutate } from "./mutate.js";
import { holds, type Role } from "./owed-answers.js";
import { MESSAGE_TYPES, sampleOf, type Names } from "./valid-messages.js";

type FuzzedRole = Extract<Role, "nobody" | "client" | "worker" | "inherited">;

/** A wave: connections of every kind at once, each of which says so many frames. */
const WAVE: readonly FuzzedRole[] = [
  ...Array<FuzzedRole>(3).fill("nobody"),
  ...Array<FuzzedRole>(9).fill("client"),
  ...Array<FuzzedRole>(7).fill("worker"),
  ...Array<FuzzedRole>(3).fill("inherited"),
];
const FRAMES = 300;
export const FRAMES_OF_WAVE = WAVE.length * FRAMES;

const PLAN_IDS = Array.from({ length: 60 }, (_, index) => `fuzz-${index}`);
const STREAM_IDS = Array.from({ length: 30 }, (_, index) => `stream-${index}`);
const CLOSES_OF_THE_DEAF: readonly string[] = ["SESSION_EXPIRED", "SESSION_REPLACED", "1006"];
const ANSWERED_WITHIN_MS = 60_000;

interface Fuzzer {
  readonly role: FuzzedRole;
  readonly connection: FuzzedConnection;
  run(): Promise<void>;
}

/** Sends one wave and gives back what was wrong with the answers. All its connections are closed then. */
export async function fuzzWave(url: string, seed: number): Promise<string[]> {
  const fuzzers = await Promise.all(
    WAVE.map((role, index) => openFuzzer(url, role, `${role}-${index}`, seed * 1000 + index)),
  );
  await Promise.all([...fuzzers.map((one) => one.run()), rivals(url, new Chance(seed))]);
  const of = (...roles: FuzzedRole[]) => fuzzers.filter(({ role }) => roles.includes(role));
  await Promise.all(fuzzers.map(({ connection }) => connection.heardAll()));
  const wrong = await judged(of("nobody", "worker", "inherited"));
  // Streams end when the workers that hold them have gone.
  await Promise.all(of("worker", "inherited").map(({ connection }) => connection.close("leaving")));
  wrong.push(...(await judged(of("client"))));
  await Promise.all(fuzzers.map(({ connection }) => connection.close()));
  return wrong;
}

async function openFuzzer(
  url: string,
  role: FuzzedRole,
  name: string,
  seed: number,
): Promise<Fuzzer> {
  const chance = new Chance(seed);
  const names = namesOf(`fuzz-${name}`, role);
  const given: Message[] = [];
  const connection = await FuzzedConnection.open(url, role, (message) => {
    if (message.type === "AssignPlan" || message.type === "StreamBegin") given.push(message);
  });
  return {
    role,
    connection,
    async run() {
      await sayHello(connection, role, chance, names);
      for (let sent = 0; sent < FRAMES && connection.isOpen; sent++) {
        const work = given.length > 0 && chance.happens(0.5) ? given.shift() : undefined;
        if (work !== undefined) await answerWork(connection, work, chance, names);
        const frame = nextFrame(chance, names, LIKELY[role]);
        if (role === "nobody" && holds(frame, "Hello", "Register")) continue;
        await connection.send(frame);
        if (sent % 16 === 0) await sleep(0);
      }
      if (role === "client") await cancelStreams(connection);
    },
  };
}

const LIKELY: Readonly<Record<FuzzedRole, readonly MessageType[]>> = {
  nobody: MESSAGE_TYPES,
  client: [
    ...Array<MessageType>(3).fill("Submit"),
    "Watch",
    "Unwatch",
    "Get",
    "Cancel",
    "Explain",
    "ListWorkers",
    "ListPlans",
    "StreamBegin",
    "ChunkData",
    "ChunkData",
    "StreamEnd",
    "StreamCredit",
    "StreamCancel",
  ],
  worker: workerTypes(),
  inherited: workerTypes(),
};

function workerTypes(): readonly MessageType[] {
  return [
    "Heartbeat",
    "Event",
    "PlanResult",
    "Started",
    "Busy",
    "Recalled",
    "Pong",
    "ShutdownAck",
    "JobProgress",
    "JobResult",
    "StreamAccepted",
    "ChunkResult",
    "ChunkResult",
    "StreamComplete",
    "StreamCredit",
    "StreamCancel",
  ];
}

function namesOf(workerId: string, role: FuzzedRole): Names {
  let lastRequest = 0;
  return {
    requestId: () => ++lastRequest,
    workerId,
    planIds: PLAN_IDS,
    streamIds: STREAM_IDS,
    filters: role === "worker" ? ["fuzz-filter"] : ["fuzz-filter", "anything", "nobody-has-this"],
  };
}

async function sayHello(
  connection: FuzzedConnection,
  role: FuzzedRole,
  chance: Chance,
  names: Names,
): Promise<void> {
  if (role === "nobody") return;
  if (role === "client") return connection.sendUnowed(valid(sampleOf("Hello", chance, names)));
  const register = sampleOf("Register", chance, names);
  if (role === "inherited" && register.type === "Register") {
    const { type, worker_id, capabilities } = register;
    return connection.sendUnowed(valid({ type, worker_id, capabilities }));
  }
  await connection.sendUnowed(valid(register));
}

/** A fuzzed worker answers some of what it is given, so that fuzzed plans get on. */
async function answerWork(
  connection: FuzzedConnection,
  work: Message,
  chance: Chance,
  names: Names,
): Promise<void> {
  if (work.type === "AssignPlan") {
    const result = sampleOf("PlanResult", chance, names);
    if (result.type !== "PlanResult") return;
    const { attempt, plan } = work;
    return connection.send(
      valid({ ...result, plan_id: plan.plan_id, ...(attempt !== undefined && { attempt }) }),
    );
  }
  if (work.type !== "StreamBegin") return;
  const { stream_id, plan_id, attempt = 1 } = work;
  const credit = { bytes: 1 << 20, chunks: chance.int(20) };
  await connection.send(valid({ type: "StreamAccepted", stream_id, plan_id, attempt, credit }));
}

async function cancelStreams(connection: FuzzedConnection): Promise<void> {
  for (const stream_id of connection.owed.streamIds) {
    await connection.send(valid({ type: "StreamCancel", stream_id }));
  }
}

/** Short-lived connections that claim ids of others, break the handshake, or the socket itself. */
async function rivals(url: string, chance: Chance): Promise<void> {
  const ids = ["fuzz-worker-12", "fuzz-worker-13", "neighbour", "rival"];
  for (let i = 0; i < 20; i++) {
    const connection = await FuzzedConnection.open(url, "nobody");
    const names = namesOf(chance.pick(ids), "worker");
    for (let said = chance.int(4); said >= 0; said--) {
      const hello = sampleOf(chance.pick(["Register", "Register", "Hello"]), chance, names);
      const strange = { ...hello, incarnation: `rival-${chance.int(3)}`, filters: [] };
      const text = JSON.stringify(
        chance.happens(0.4) ? mutate(chance, strange) : strange,
        asNumber,
      );
      await connection.sendUnowed({ data: text, isBinary: false });
    }
    if (chance.happens(0.3)) await connection.sendUnowed(brokenUtf8(chance));
    if (chance.happens(0.5)) await sleep(chance.int(100));
    await connection.close();
  }
}

function asNumber(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}

/** What is wrong with the answers when no more come. */
async function judged(fuzzers: readonly Fuzzer[]): Promise<string[]> {
  const wrong = () => fuzzers.flatMap(faultsOf);
  const until = performance.now() + ANSWERED_WITHIN_MS;
  while (wrong().length > 0 && performance.now() < until) await sleep(50);
  return wrong();
}

function faultsOf({ role, connection }: Fuzzer): readonly string[] {
  const { faults, closedWith, owed } = connection;
  if (closedWith === undefined) return [...faults, ...owed.wrong()];
  // A frame is no reason to close a connection, however broken it is; but a worker whose heartbeats say that it handles nothing is deaf: it
  // gives way to a rival, and is cut off (1006) when it does not even hear that it is closed.
  const mayBeClosed = role === "worker" && CLOSES_OF_THE_DEAF.includes(closedWith);
  return mayBeClosed ? faults : [...faults, `${role}: closed with ${closedWith}`];
}
