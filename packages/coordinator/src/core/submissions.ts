import { assertPlan, cutFor } from "@planwire/plan";
import {
  isPlanwireError,
  PlanwireError,
  type MessageOf,
  type SerializedPlan,
} from "@planwire/protocol";
import { acceptedMessage } from "./accepted.js";
import { closest } from "./closest.js";
import { accept, publishWhenDurable, whenDurable } from "./durable.js";
import { conflict, sameContent } from "./conflict.js";
import { awaitDeadline } from "./deadlines.js";
import { countLive } from "./ended.js";
import {
  filtersOfOurs,
  isImpossible,
  openToInherited,
  uncutNeedsOf,
  unfittedNodes,
} from "./needs.js";
import { newExecution } from "./new-records.js";
import { beginParts, isTrainable } from "./parts.js";
import { ask } from "./questions.js";
import { sendError } from "./send.js";
import type { Asker, Connection, CoreState, Execution, Turn } from "./state.js";
import { openStreamRun } from "./streams.js";

const NONE: ReadonlySet<string> = new Set();

/** Refusals that depend on what is there now: what was accepted once is not refused the second time. */
const MAY_CHANGE: ReadonlySet<string> = new Set(["NO_SUCH_FILTER", "STATE_MISSING", "QUEUE_FULL"]);

/** Accepts a plan: written, with its first assignment when a slot is free, before anybody hears of it. */
export function submit(
  turn: Turn,
  connection: Connection,
  message: MessageOf<"Submit">,
  bytes: number,
): void {
  const { request_id, plan, watch, only_outcome, accepted_may_wait } = message;
  const known = turn.state.executions.get(plan.plan_id);
  if (known && !sameContent(known.plan, plan)) {
    return conflictOnceWritten(turn, connection, message);
  }
  const refusal = known ? undefined : refusalOf(turn, plan, bytes, "plan");
  if (refusal) {
    const { plan_id: planId } = plan;
    const about = { conn: connection.id, requestId: request_id, planId, plan };
    if (MAY_CHANGE.has(refusal.code))
      return ask(turn, connection, { kind: "submit", ...about, refusal });
    return sendError(turn, connection, refusal, { request_id, plan_id: planId });
  }
  const execution =
    known ?? newExecution(plan, { kind: "plan", submittedAt: turn.now.wall, bytes });
  if (!known) {
    const asker: Asker = { kind: "submit", conn: connection.id, requestId: request_id };
    acceptExecution(turn, execution, asker);
  }
  const accepted = acceptedMessage(turn.state, plan.plan_id, request_id, known !== undefined);
  whenDurable(turn, execution, {
    do: "emit",
    effect: {
      type: "send",
      conn: connection.id,
      message: accepted,
      cause: plan.plan_id,
      ...(accepted_may_wait && { mayWait: true }),
    },
  });
  if (watch) {
    whenDurable(turn, execution, {
      do: "answer",
      waiting: {
        kind: "watch",
        conn: connection.id,
        requestId: undefined,
        planId: plan.plan_id,
        from: undefined,
        onlyOutcome: only_outcome ?? false,
      },
    });
  }
  if (!known) beginParts(turn, execution);
}

/** What has this id in memory may not get it: the store may hold another one, of which this submission is the same. */
function conflictOnceWritten(
  turn: Turn,
  connection: Connection,
  { request_id: requestId, plan }: MessageOf<"Submit">,
): void {
  const { plan_id: planId } = plan;
  const message = `another submission of "${planId}" was being written, and was not`;
  const refusal = new PlanwireError("STORE_UNAVAILABLE", message, { hint: "submit it again" });
  const about = { conn: connection.id, requestId, planId, plan };
  ask(turn, connection, { kind: "submit", ...about, refusal });
}

export function beginStream(
  turn: Turn,
  connection: Connection,
  message: MessageOf<"StreamBegin">,
  bytes: number,
): void {
  const { stream_id, plan_id } = message;
  const plan = { ...message.plan, plan_id };
  const about = { stream_id, plan_id };
  const refusal =
    streamRefusal(turn.state, connection, message) ?? refusalOf(turn, plan, bytes, "stream");
  if (refusal) return sendError(turn, connection, refusal, about);
  const submitted = { submittedAt: turn.now.wall, bytes };
  const execution = newExecution(plan, { kind: "stream", ...submitted });
  acceptExecution(turn, execution, { kind: "stream", conn: connection.id, streamId: stream_id });
  openStreamRun(turn, connection, execution, message);
  beginParts(turn, execution);
}

function streamRefusal(
  state: CoreState,
  connection: Connection,
  { stream_id, plan_id, plan }: MessageOf<"StreamBegin">,
): PlanwireError | undefined {
  if (state.streams.has(stream_id)) {
    return new PlanwireError("STREAM_REFUSED", `a stream "${stream_id}" is open already`);
  }
  if (state.executions.has(plan_id)) return conflict(plan_id);
  const limit = state.settings.maxStreams;
  if (connection.streams.size >= limit) {
    return new PlanwireError("QUEUE_FULL", `this connection has ${limit} streams open`, {
      details: { limit, queued: connection.streams.size },
    });
  }
  if (plan.mode != null && plan.mode !== "Forward") {
    return new PlanwireError("STREAM_REFUSED", "a stream can't fit: its mode must be Forward", {
      hint: "fit with a plan, and stream with the states it returns",
    });
  }
  if (cutFor({ ...plan, plan_id }, { inherited: false }).kind !== "whole") {
    return new PlanwireError("STREAM_REFUSED", "a stream's steps must all run on one worker", {
      hint: "leave out Remote, or put it around the whole plan",
    });
  }
  if (isImpossible(uncutNeedsOf(state, plan))) {
    const message =
      "no single worker could run this stream: pickled filters run only in a plain row";
    return new PlanwireError("STREAM_REFUSED", message, {
      hint: "bind all nodes to filters that workers have, or bring all of them pickled, in one Sequence",
    });
  }
  return undefined;
}

function acceptExecution(turn: Turn, execution: Execution, asker: Asker): void {
  const { kind, plan, name, submittedAt, planId } = execution;
  turn.state.executions.set(planId, execution);
  countLive(turn.state, execution);
  awaitDeadline(turn.state, execution);
  accept(turn, execution, asker, { type: "accept", kind, plan, name, submittedAt });
  publishWhenDurable(turn, execution, { kind: "Accepted" });
}

/** Why this plan may not run, if so. */
function refusalOf(
  turn: Turn,
  plan: SerializedPlan,
  bytes: number,
  kind: Execution["kind"],
): PlanwireError | undefined {
  try {
    assertRoom(turn.state, bytes);
    assertAcceptable(turn, plan, kind);
    return undefined;
  } catch (error) {
    if (isPlanwireError(error)) return error;
    throw error;
  }
}

function assertRoom(state: CoreState, bytes: number): void {
  const { liveBytes, settings } = state;
  const queued = state.queued + state.backoffs.length;
  const hint = "start more workers, or submit later";
  const { maxQueued, maxLiveBytes } = settings;
  if (queued >= maxQueued) {
    throw new PlanwireError("QUEUE_FULL", `${queued} parts wait for a worker already`, {
      details: { limit: maxQueued, queued },
      hint,
    });
  }
  if (liveBytes + bytes > maxLiveBytes) {
    const text = `plans that have not ended take ${liveBytes} bytes already, expected at most ${maxLiveBytes} with this one`;
    throw new PlanwireError("QUEUE_FULL", text, {
      details: { limit: maxLiveBytes, queued: liveBytes, unit: "bytes" },
      hint,
    });
  }
}

function assertAcceptable(
  { state, now }: Turn,
  plan: SerializedPlan,
  kind: Execution["kind"],
): void {
  assertPlan(plan);
  assertInput(plan);
  if (now.mono >= state.comingBackUntil) assertFilters(state, plan, kind);
  assertStates(state, plan);
}

function assertInput({ input }: SerializedPlan): void {
  if (input?.source !== "Reference" || input.data_ref.type === "Inline") return;
  throw new PlanwireError(
    "DATA_REF_REFUSED",
    `plan.input: a reference of type ${input.data_ref.type} can't be read here, expected Inline`,
    { hint: "send the value itself" },
  );
}

/** A filter that nobody ever offered is a slip of the pen, once there is a worker that could have offered it, and all had time to come back. */
function assertFilters(state: CoreState, plan: SerializedPlan, kind: Execution["kind"]): void {
  // Most plans need only what is known: those cost no look at all workers.
  if (unknownFilters(state, plan, NONE).length === 0) return;
  const workers = [...state.workers.values()].filter(({ conn }) => conn !== undefined);
  if (!workers.some(({ inherited }) => !inherited)) return;
  const open = workers.some(({ inherited }) => inherited) ? openNodes(state, plan, kind) : NONE;
  const missing = unknownFilters(state, plan, open);
  if (missing.length === 0) return;
  const offered = [
    ...new Set(workers.flatMap((one) => one.offered.map(({ name }) => name))),
  ].sort();
  const meant = closest(missing[0] ?? "", offered);
  const names = missing.map((name) => `"${name}"`).join(", ");
  throw new PlanwireError("NO_SUCH_FILTER", `no worker offers ${names}`, {
    details: { missing, offered },
    hint:
      meant === undefined
        ? `connected workers offer ${offered.join(", ") || "no filters"}`
        : `use "${meant}", if that was meant`,
  });
}

function unknownFilters(
  { everOffered }: CoreState,
  plan: SerializedPlan,
  open: ReadonlySet<string>,
): string[] {
  const needed = filtersOfOurs(plan, open);
  if (needed.every((name) => everOffered.has(name))) return [];
  return [...new Set(needed.filter((name) => !everOffered.has(name)))].sort();
}

/** A stream runs whole, on a worker of one kind. */
function openNodes(
  state: CoreState,
  plan: SerializedPlan,
  kind: Execution["kind"],
): ReadonlySet<string> {
  const isForEither = kind === "plan" || uncutNeedsOf(state, plan).inherited;
  return isForEither ? openToInherited(state, plan) : NONE;
}

function assertStates(state: CoreState, plan: SerializedPlan): void {
  if (plan.mode != null && plan.mode !== "Forward") return;
  const unfitted = unfittedNodes(plan).filter(({ nodeId, uses, pickled }) =>
    pickled ? pickled.trainable === true : isTrainable(state, uses ?? nodeId),
  );
  if (unfitted.length === 0) return;
  const nodeIds = unfitted.map(({ nodeId }) => nodeId);
  throw new PlanwireError("STATE_MISSING", `not fitted: ${nodeIds.join(", ")}`, {
    details: { nodeIds },
    hint: "fit the plan first, then submit it with the states that came back",
  });
}
