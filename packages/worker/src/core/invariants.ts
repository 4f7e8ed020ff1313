import type { Run, WorkerState } from "./state.js";

/** What is wrong with a worker's books; nothing, after every step. */
export function brokenInvariants(state: WorkerState): string[] {
  const { plans, streams, slots, calls, timed, waiting, unacknowledged, settings } = state;
  const broken: string[] = [];
  const must = (holds: boolean, what: string) => {
    if (!holds) broken.push(what);
  };
  must(slots.size <= settings.slots, `${slots.size} of ${settings.slots} slots are taken`);
  must(waiting.length <= settings.prefetch + settings.slots, `${waiting.length} assignments wait`);
  must(
    waiting.length === 0 || slots.size === settings.slots,
    `${waiting.length} assignments wait beside a free slot`,
  );
  for (const run of waiting) must(run.phase === "assigned", `${run.partId} waits, ${run.phase}`);
  for (const run of [...plans.values(), ...streams.values()]) {
    must(run.phase !== "ended", `${run.partId} is kept after its end`);
    const holdsSlot = run.phase !== "assigned";
    must(slots.has(run) === holdsSlot, `${run.partId} is ${run.phase}, slot ${!holdsSlot}`);
  }
  for (const run of slots) {
    must(run.phase !== "ended" || run.openCalls > 0, `${run.partId} has ended and keeps a slot`);
  }
  const open = new Map<Run, number>();
  for (const { walk, leaf, phase } of calls.values()) {
    open.set(walk.run, (open.get(walk.run) ?? 0) + 1);
    must(walk.calls.has(leaf) === (phase !== "abandoned"), `leaf ${leaf} is ${phase}`);
  }
  for (const run of slots) {
    const counted = open.get(run) ?? 0;
    must(counted === run.openCalls, `${run.partId} counts ${run.openCalls} of ${counted} calls`);
  }
  for (const call of timed)
    must(calls.get(call.id) === call, `call ${call.id} has a deadline only`);
  const bytes = [...unacknowledged.values()].reduce((sum, finished) => sum + finished.bytes, 0);
  must(bytes === state.unacknowledgedBytes, `${state.unacknowledgedBytes} of ${bytes} bytes kept`);
  return broken;
}
