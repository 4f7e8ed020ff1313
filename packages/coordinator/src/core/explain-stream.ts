import type { CoreState, Execution, StreamRun } from "./state.js";

/** Who keeps an open stream waiting, by what each side has granted and sent. */
export function stalls(state: CoreState, { streamId }: Execution): string[] {
  const run = streamId === undefined ? undefined : state.streams.get(streamId);
  if (run?.phase === "begun") return ["its worker has not accepted the stream yet"];
  return run?.phase === "flowing" ? [stall(run)] : [];
}

function stall({ input, results, waiting }: StreamRun): string {
  const [taken, answered] = [input.sent.chunks, results.sent.chunks];
  const about = `${taken} chunks in, ${answered} results out`;
  if (waiting.length > 0 || isUsedUp(results)) {
    return `${about}: its client takes no more results for now, so nothing moves`;
  }
  if (isUsedUp(input))
    return `${about}: its worker takes no more chunks until it has answered some`;
  if (taken > answered) return `${about}: its worker is busy with ${taken - answered} chunks`;
  if (input.ended) return `${about}: its worker has yet to end it`;
  return `${about}: its client sends nothing`;
}

/** The next chunk of a usual size would be more than was granted. */
function isUsedUp({ granted, sent }: StreamRun["results"]): boolean {
  return sent.chunks >= granted.chunks || sent.bytes >= granted.bytes;
}
