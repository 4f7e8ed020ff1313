import { PlanwireError, type PlanEvent } from "@planwire/protocol";
import type { Change, WriteAnswer } from "../store/store.js";
import type { Effect } from "./effect.js";
import { settle } from "./ended.js";
import { log } from "./send.js";
import type { Asker, Deferred, Execution, PendingWrite, Turn } from "./state.js";
import { publish } from "./watches.js";

// No frame that reveals or depends on a state leaves before that state is durable. So memory may run ahead of the disk, and
// everything that would show it waits in the execution's pending write.

/** Adds changes to what the execution's next write carries. */
export function change(turn: Turn, execution: Execution, ...changes: Change[]): void {
  nextWrite(turn, execution).changes.push(...changes);
}

export function accept(turn: Turn, execution: Execution, asker: Asker, change: Change): void {
  const write = nextWrite(turn, execution);
  write.asker = asker;
  write.changes.push(change);
}

/** An effect that shows what was changed so far. */
export function emitWhenDurable(turn: Turn, execution: Execution, effect: Effect): void {
  whenDurable(turn, execution, { do: "emit", effect });
}

export function publishWhenDurable(
  turn: Turn,
  execution: Execution,
  event: PlanEvent["event"],
): void {
  whenDurable(turn, execution, { do: "publish", event, at: turn.now.wall });
}

export function whenDurable(turn: Turn, execution: Execution, deferred: Deferred): void {
  const pending = execution.next ?? execution.writing;
  if (pending) pending.afterwards.push(deferred);
  else run(turn, execution, deferred);
}

function nextWrite(turn: Turn, execution: Execution): PendingWrite {
  execution.next ??= { changes: [], afterwards: [], asker: undefined };
  turn.state.unwritten.add(execution);
  return execution.next;
}

/** At the end of each step: hands over what has no write under way. */
export function persistChanges(turn: Turn): void {
  const { state } = turn;
  for (const execution of state.unwritten) {
    if (execution.writing) continue;
    state.unwritten.delete(execution);
    if (!execution.next) continue;
    execution.writing = execution.next;
    execution.next = undefined;
    persist(turn, execution, execution.writing);
  }
}

function persist(turn: Turn, execution: Execution, { changes }: PendingWrite): void {
  const write = ++turn.state.lastNumber.write;
  turn.state.writes.set(write, execution);
  const { planId, version: expects } = execution;
  // With one coordinator on a store the owner never changes, whatever process it is.
  const owner = turn.state.historyId;
  const durability = execution.plan.policy?.durability ?? "disk";
  turn.out.push({
    type: "persist",
    write,
    content: { planId, owner, expects, durability, changes },
  });
}

export function persistDone(turn: Turn, write: number, answer: WriteAnswer): void {
  const { state } = turn;
  const execution = state.writes.get(write);
  const pending = execution?.writing;
  if (!execution || !pending) return;
  state.writes.delete(write);
  switch (answer.type) {
    case "done":
      execution.version += 1;
      execution.writing = undefined;
      if (execution.next) state.unwritten.add(execution);
      for (const deferred of pending.afterwards) run(turn, execution, deferred);
      if (execution.outcome && !execution.next) settle(state, execution);
      return;
    case "exists":
      turn.agenda.push({ do: "refuseSubmission", execution, answer });
      return;
    case "failed":
      return writeFailed(turn, execution, pending, answer.reason);
    case "notOwner":
      log(turn, "error", "another coordinator owns this execution", { planId: execution.planId });
      turn.agenda.push({ do: "forget", execution, why: notOwned(execution) });
      return;
  }
}

function writeFailed(
  turn: Turn,
  execution: Execution,
  pending: PendingWrite,
  reason: string,
): void {
  log(turn, "error", "a write failed", { planId: execution.planId, reason });
  if (pending.asker) {
    turn.agenda.push({ do: "refuseSubmission", execution, answer: { type: "failed", reason } });
    return;
  }
  turn.state.retries.set(execution, reason);
  explainAtOnce(turn, execution);
  turn.state.retryAt ??= turn.now.mono + turn.state.settings.persistRetryMs;
}

/** Whoever asked why it waits need not wait for it. */
function explainAtOnce(turn: Turn, execution: Execution): void {
  for (const pending of [execution.writing, execution.next]) {
    if (!pending) continue;
    const isExplain = (one: Deferred) => one.do === "answer" && one.waiting.kind === "explain";
    for (const deferred of pending.afterwards.filter(isExplain)) run(turn, execution, deferred);
    pending.afterwards = pending.afterwards.filter((one) => !isExplain(one));
  }
}

/** Tries again what failed; nothing of it was told to anybody. */
export function retryWrites(turn: Turn): void {
  const { state, now } = turn;
  if (state.retryAt === undefined || now.mono < state.retryAt) return;
  state.retryAt = undefined;
  const { retries } = state;
  for (const execution of retries.keys()) {
    retries.delete(execution);
    if (execution.writing) persist(turn, execution, execution.writing);
  }
}

function run(turn: Turn, execution: Execution, deferred: Deferred): void {
  switch (deferred.do) {
    case "emit":
      turn.out.push(deferred.effect);
      return;
    case "publish":
      return publish(turn, execution, deferred.event, deferred.at);
    case "answer":
      turn.agenda.push({ do: "answer", execution, waiting: deferred.waiting });
      return;
  }
}

function notOwned({ planId }: Execution): PlanwireError {
  return new PlanwireError("PLAN_UNKNOWN", `"${planId}" is in the hands of another coordinator`);
}
