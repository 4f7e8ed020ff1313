import { PlanwireError } from "../errors.js";
import type { Feature } from "../features.js";
import { LIMITS } from "../limits.js";
import { Message, UntypedReply } from "../messages/message.js";
import { shapeOf } from "../plan-shape.js";
import { exactly } from "../schema/exactly.js";
import { foldPlan, unfoldPlanOf } from "../sent-plan.js";
import { encodeBinary, readBinary } from "./binary.js";
import { holdsTypedValues } from "./holds-typed-values.js";
import { invalidMessage } from "./invalid-message.js";
import { readText } from "./json-reader.js";
import { encodeText } from "./text.js";
import { validate } from "./validate.js";

/** One message of a frame, or why it could not be understood. */
export type Decoded =
  | { readonly ok: true; readonly message: Message | UntypedReply; readonly isError: boolean }
  | {
      readonly ok: false;
      readonly error: PlanwireError;
      /** The request that the broken message made, where that could be read: the answer carries it. */
      readonly requestId?: number;
      /** It reports an error itself (type Error, or a non-null `error`), so it is answered to nobody. */
      readonly isError: boolean;
    };

export interface FrameLimits {
  readonly frameBytes: number;
  readonly batchMessages: number;
}

/**
 * Reads a frame as it came from a socket: a string is JSON (one message, or an array of them: a batch), bytes are msgpack.
 * Never throws; a batch member that is broken doesn't spoil the others.
 */
export function decodeFrame(data: string | Uint8Array, limits: FrameLimits = LIMITS): Decoded[] {
  // For text this counts UTF-16 units, of which no frame has more than bytes; the socket counts exactly.
  if (data.length > limits.frameBytes)
    return [failed(undefined, tooLarge(data.length, limits.frameBytes))];
  let raw: unknown;
  try {
    raw = typeof data === "string" ? readText(data) : readBinary(data);
  } catch (error) {
    return [failed(undefined, error)];
  }
  if (typeof data !== "string" || !Array.isArray(raw)) return [decodeMember(raw)];
  if (raw.length > limits.batchMessages) {
    const expected = `at most ${limits.batchMessages} messages`;
    return [
      failed(
        undefined,
        invalidMessage("", expected, `a batch of ${raw.length}, expected ${expected}`),
      ),
    ];
  }
  return raw.map((member) =>
    Array.isArray(member)
      ? failed(undefined, invalidMessage("", "an object", "a batch stands in a batch"))
      : decodeMember(member),
  );
}

/** Whether this is what a peer of the inherited wire answers without a `type`. */
export function isUntypedReply(message: Message | UntypedReply): message is UntypedReply {
  return !("type" in message);
}

const ALWAYS_BINARY: ReadonlySet<Message["type"]> = new Set([
  "StreamBegin",
  "ChunkData",
  "StreamEnd",
  "ChunkResult",
  "StreamComplete",
]);

/**
 * Writes a message as the peer that announced `features` reads it: the inherited stream messages as msgpack, those that hold Bytes,
 * Object or Tensor as typed msgpack to a peer with "typed-values", all others as JSON. What a peer without the features can't read
 * must have been lowered before.
 * @throws PlanwireError VALUE_UNSUPPORTED
 */
export function encodeFrame(message: Message, features: ReadonlySet<Feature>): string | Uint8Array {
  const typed = features.has("typed-values");
  if (ALWAYS_BINARY.has(message.type) || (typed && holdsTypedValues(message))) {
    return encodeBinary(message, { typed, tensors: features.has("tensors") });
  }
  return encodeText(features.has("shapes") ? withShape(message) : message);
}

/** A plan that is submitted again and again travels folded. */
function withShape(message: Message): object {
  if (message.type !== "AssignPlan" && message.type !== "Submit") return message;
  const shape = shapeOf(message.plan);
  return shape ? { ...message, plan: foldPlan(message.plan, shape) } : message;
}

const isExactly = exactly(Message);

function decodeMember(raw: unknown): Decoded {
  if (isExactly(raw)) {
    return { ok: true, message: unfoldPlanOf(raw as Message), isError: reportsError(raw) };
  }
  try {
    const message = isUntyped(raw) ? validate(raw, UntypedReply) : validate(raw, Message);
    return { ok: true, message, isError: reportsError(raw) };
  } catch (error) {
    return failed(raw, error);
  }
}

function failed(raw: unknown, error: unknown): Decoded {
  if (!(error instanceof PlanwireError)) throw error;
  const requestId = requestIdOf(raw);
  return {
    ok: false,
    error,
    isError: reportsError(raw),
    ...(requestId !== undefined && { requestId }),
  };
}

function isUntyped(raw: unknown): boolean {
  return isObject(raw) && !Object.hasOwn(raw, "type") && ("error" in raw || "status" in raw);
}

function reportsError(raw: unknown): boolean {
  return isObject(raw) && (raw["type"] === "Error" || (raw["error"] ?? null) !== null);
}

function requestIdOf(raw: unknown): number | undefined {
  const id = isObject(raw) ? raw["request_id"] : undefined;
  return typeof id === "number" && Number.isSafeInteger(id) && id >= 0 ? id : undefined;
}

function isObject(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw);
}

function tooLarge(bytes: number, limit: number): PlanwireError<"MESSAGE_TOO_LARGE"> {
  return new PlanwireError(
    "MESSAGE_TOO_LARGE",
    `a frame of ${bytes} bytes, expected at most ${limit}`,
    {
      details: { bytes, limit },
    },
  );
}
