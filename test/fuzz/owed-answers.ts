import {
  decodeFrame,
  isUntypedReply,
  readChunkHead,
  type Decoded,
  type Message,
  type MessageType,
} from "@planwire/protocol";
import type { Frame } from "./frames.js";

/**
 * Whom a fuzzed connection plays. Towards a coordinator: `worker` is one of ours, `inherited` one that announced nothing, `nobody` never
 * says who it is. Towards a worker: a `coordinator` of ours, or an `inherited-coordinator`.
 */
export type Role =
  | "nobody"
  | "client"
  | "worker"
  | "inherited"
  | "coordinator"
  | "inherited-coordinator";

/** Counts what was answered against what the protocol promises, by what an answer says that it answers. */
export class OwedAnswers {
  readonly #role: Role;
  readonly #owed = new Map<string, { least: number; most: number }>();
  readonly #got = new Map<string, number>();

  constructor(role: Role) {
    this.#role = role;
  }

  /** An answer of which one more may come unasked. */
  mayGet(message: Message): void {
    const answered = whatItAnswers(message);
    this.#owe(answered === undefined ? {} : { most: answered });
  }

  sent(frame: Frame): void {
    // A worker reads chunks whole; on their way there they pass unread.
    const chunk = this.#role === "coordinator" ? undefined : chunkTypeOf(frame);
    if (chunk !== undefined) return this.#owe(this.#misuse(chunk));
    for (const decoded of decodedOf(frame)) this.#owe(this.#answerTo(decoded));
  }

  got(message: Message): void {
    const answered = whatItAnswers(message);
    if (answered === undefined) return;
    this.#got.set(answered, (this.#got.get(answered) ?? 0) + 1);
  }

  /** Streams that were begun: each is owed an end. */
  get streamIds(): string[] {
    return [...this.#owed.keys()].flatMap((key) => key.split(/^stream /).slice(1));
  }

  /** What was answered too seldom, or although nobody had asked. */
  wrong(): string[] {
    const keys = new Set([...this.#owed.keys(), ...this.#got.keys()]);
    return [...keys].flatMap((key) => {
      const { least, most } = this.#owed.get(key) ?? { least: 0, most: 0 };
      const got = this.#got.get(key) ?? 0;
      if (got >= least && got <= most) return [];
      return [`${this.#role}: ${key}: ${got} answers, owed ${least} to ${most}`];
    });
  }

  #owe({ least, most = least }: Owed): void {
    if (most === undefined) return;
    const owed = this.#owed.get(most) ?? { least: 0, most: 0 };
    owed.most += 1;
    if (least !== undefined) owed.least += 1;
    this.#owed.set(most, owed);
  }

  #answerTo(decoded: Decoded): Owed {
    if (decoded.isError) return {};
    if (this.#role === "coordinator" && !decoded.ok) return { least: ERROR };
    if (!decoded.ok) return this.#canReadErrors ? { least: aboutRequest(decoded.requestId) } : {};
    const { message } = decoded;
    if (isUntypedReply(message)) return MAY_OMIT_TYPES.has(this.#role) ? {} : { least: ERROR };
    if (this.#role === "inherited") return {};
    return FROM[this.#role].has(message.type)
      ? answerOf(message, this.#role)
      : this.#misuse(message.type, "request_id" in message ? message.request_id : undefined);
  }

  #misuse(type: MessageType, requestId?: number): Owed {
    if (!this.#canReadErrors || FROM[this.#role].has(type)) return {};
    return { least: this.#role === "coordinator" ? ERROR : aboutRequest(requestId) };
  }

  get #canReadErrors(): boolean {
    return this.#role !== "inherited" && this.#role !== "inherited-coordinator";
  }
}

/** What an answer says it answers. `most` alone: there may be one, or none. */
interface Owed {
  readonly least?: string;
  readonly most?: string;
}

const MAY_OMIT_TYPES: ReadonlySet<Role> = new Set<Role>([
  "worker",
  "inherited",
  "coordinator",
  "inherited-coordinator",
]);
const ERROR = "an Error";

const FROM_CLIENT: ReadonlySet<MessageType> = new Set<MessageType>([
  "Submit",
  "Watch",
  "Unwatch",
  "Get",
  "Cancel",
  "Explain",
  "ListWorkers",
  "ListPlans",
  "StreamBegin",
  "ChunkData",
  "StreamEnd",
  "StreamCredit",
  "StreamCancel",
  "Error",
]);
const FROM_WORKER: ReadonlySet<MessageType> = new Set<MessageType>([
  "Register",
  "Heartbeat",
  "Event",
  "PlanResult",
  "JobProgress",
  "JobResult",
  "Started",
  "Busy",
  "Recalled",
  "Pong",
  "ShutdownAck",
  "StreamAccepted",
  "ChunkResult",
  "StreamComplete",
  "StreamCredit",
  "StreamCancel",
  "Error",
]);
const FROM_COORDINATOR: ReadonlySet<MessageType> = new Set<MessageType>([
  "Registered",
  "AssignPlan",
  "AssignPythonJob",
  "CancelPlan",
  "StatusRequest",
  "Ping",
  "Shutdown",
  "ResultAck",
  "HeartbeatAck",
  "Recall",
  "StreamBegin",
  "ChunkData",
  "StreamEnd",
  "StreamCredit",
  "StreamCancel",
  "Error",
]);
const FROM: Readonly<Record<Role, ReadonlySet<MessageType>>> = {
  nobody: new Set<MessageType>(["Error"]),
  client: FROM_CLIENT,
  worker: FROM_WORKER,
  inherited: FROM_WORKER,
  coordinator: FROM_COORDINATOR,
  "inherited-coordinator": FROM_COORDINATOR,
};

/** The answer to a message that its sender may send. */
function answerOf(message: Message, role: Role): Owed {
  // A worker's answers to work are judged by what is left of it, not by their number.
  if (role === "coordinator" || role === "inherited-coordinator") {
    if (message.type === "StreamBegin") return { most: aboutStream(message.stream_id) };
    const answer = ANSWERS_OF_WORKERS[message.type];
    return answer === undefined ? {} : { least: answer };
  }
  switch (message.type) {
    case "Submit":
    case "Watch":
    case "Get":
    case "Cancel":
    case "Explain":
    case "ListWorkers":
    case "ListPlans":
      return { least: aboutRequest(message.request_id) };
    case "StreamBegin":
      return { least: aboutStream(message.stream_id) };
    case "Heartbeat":
      return { least: "HeartbeatAck" };
    case "PlanResult":
      return message.attempt === undefined ? {} : { least: "ResultAck" };
    case "StreamComplete":
      return { most: "ResultAck" };
    case "Register":
      // Not answered, unless it names another worker.
      return { most: ERROR };
    default:
      return {};
  }
}

const ANSWERS_OF_WORKERS: Partial<Record<MessageType, MessageType>> = {
  Ping: "Pong",
  StatusRequest: "Register",
  AssignPythonJob: "JobResult",
};

function whatItAnswers(message: Message): string | undefined {
  switch (message.type) {
    case "Accepted":
    case "Watching":
    case "Got":
    case "CancelAnswer":
    case "Explained":
    case "Workers":
    case "Plans":
      return aboutRequest(message.request_id);
    case "StreamComplete":
      return aboutStream(message.stream_id);
    case "Error":
      if (message.request_id !== undefined) return aboutRequest(message.request_id);
      if (message.stream_id !== undefined) return aboutStream(message.stream_id);
      return message.plan_id === undefined ? ERROR : undefined;
    case "HeartbeatAck":
    case "ResultAck":
    case "Pong":
    case "Register":
    case "JobResult":
      return message.type;
    default:
      return undefined;
  }
}

function aboutRequest(id: number | undefined): string {
  return id === undefined ? ERROR : `request ${id}`;
}

/** What came as broken UTF-8 goes back as U+FFFD. */
function aboutStream(id: string): string {
  return `stream ${Buffer.from(id).toString()}`;
}

/** Whether one of these types stands in a frame, and would be understood. */
export function holds(frame: Frame, ...types: MessageType[]): boolean {
  return decodedOf(frame).some(
    (one) => one.ok && !isUntypedReply(one.message) && types.includes(one.message.type),
  );
}

function decodedOf({ data, isBinary }: Frame): Decoded[] {
  if (isBinary) return decodeFrame(Buffer.from(data));
  return decodeFrame(typeof data === "string" ? data : Buffer.from(data).toString());
}

/** A chunk as our encoder writes it passes unread: whether its value can be read is the business of whom it is for. */
function chunkTypeOf({ data, isBinary }: Frame): MessageType | undefined {
  return isBinary ? readChunkHead(Buffer.from(data))?.type : undefined;
}
