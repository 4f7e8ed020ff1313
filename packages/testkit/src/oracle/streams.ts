import type { PlanResult, SerializedPlan, Value } from "@planwire/protocol";
import { outputAt, plainText } from "../sim/filters.js";
import { planOfStream } from "../sim/describe-message.js";
import type { Fact } from "./facts.js";
import { complain, type Owed, type Rule } from "./rule.js";

interface Stream {
  readonly client: string;
  readonly streamId: string;
  readonly plan: SerializedPlan;
  readonly chunks: number;
  readonly sent: Value[];
  received: number;
  cancelled: boolean;
  hasEnded: boolean;
}

const OUR_FAULTS: ReadonlySet<string> = new Set([
  "INTERNAL",
  "INVALID_MESSAGE",
  "PEER_ERROR",
  "STREAM_OVERRUN",
  "STREAM_REFUSED",
  "UNEXPECTED_MESSAGE",
]);

/** Results come once each, in the order of their chunks, each the right one; and every stream ends once, with all of them or with a reason. */
export class Streams implements Rule {
  readonly #streams = new Map<string, Stream>();

  see(fact: Fact): void {
    switch (fact.type) {
      case "streamOpened": {
        const { peer, streamId, plan, chunks } = fact;
        this.#streams.set(streamId, {
          client: peer.process,
          streamId,
          plan,
          chunks,
          sent: [],
          received: 0,
          cancelled: false,
          hasEnded: false,
        });
        return;
      }
      case "chunkSent":
        this.#of(fact.streamId).sent.push(fact.value);
        return;
      case "streamCancelled":
        this.#of(fact.streamId).cancelled = true;
        return;
      case "resultDelivered":
        return this.#delivered(this.#of(fact.streamId), fact.value);
      case "streamEnded":
        return this.#ended(this.#of(fact.streamId), fact.result);
      case "streamFailed":
        this.#mustBeNobodysFault(fact.streamId, fact.code);
        return this.#end(this.#of(fact.streamId));
      case "clientDied":
        for (const stream of this.#streams.values())
          if (stream.client === fact.peer.process) stream.hasEnded = true;
        return;
      default:
        return;
    }
  }

  owed(): Owed[] {
    return [...this.#streams.values()].flatMap(({ hasEnded, client, streamId }) =>
      hasEnded
        ? []
        : [
            {
              what: `${client} was not told how ${streamId} ended`,
              planId: planOfStream(streamId),
            },
          ],
    );
  }

  #of(streamId: string): Stream {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) complain(`nobody opened ${streamId}`, planOfStream(streamId));
    return stream;
  }

  #delivered(stream: Stream, value: Value): void {
    const { streamId, plan, sent } = stream;
    const planId = planOfStream(streamId);
    if (stream.hasEnded) complain(`a result of ${streamId} came after its end`, planId);
    const chunk = sent[stream.received];
    if (chunk === undefined)
      complain(`${streamId} gave a result for a chunk that was not sent`, planId);
    const expected = plainText(
      (plan.bindings ?? []).reduce(
        (input, { node_id, uses }) => outputAt(node_id, uses, input),
        chunk,
      ),
    );
    if (plainText(value) !== expected)
      complain(
        `result ${stream.received} of ${streamId} is ${plainText(value)}, expected ${expected}`,
        planId,
      );
    stream.received += 1;
  }

  #ended(stream: Stream, result: PlanResult): void {
    this.#end(stream);
    const { streamId, chunks, received, plan } = stream;
    const planId = planOfStream(streamId);
    // Who has cancelled takes no results any more.
    if (result.status === "Success" && received !== chunks && !stream.cancelled)
      complain(`${streamId} ended well with ${received} of ${chunks} results`, planId);
    if (result.status === "Cancelled" && !stream.cancelled)
      complain(`${streamId} was cancelled, and nobody had asked for that`, planId);
    if (result.status === "Failed") this.#mustBeNobodysFault(streamId, result.code);
    const uses = (plan.bindings ?? []).map((binding) => binding.uses);
    if (result.status === "Failed" && result.code === "FILTER_ERROR" && !uses.includes("fails"))
      complain(`${streamId} failed with ${result.error}, for which there was no reason`, planId);
  }

  /** Ours keep to the rules among themselves. */
  #mustBeNobodysFault(streamId: string, code: string | undefined): void {
    const planId = planOfStream(streamId);
    if (code === undefined) complain(`${streamId} failed without a code`, planId);
    if (OUR_FAULTS.has(code)) complain(`${streamId} failed with ${code}`, planId);
  }

  #end(stream: Stream): void {
    if (stream.hasEnded) complain(`${stream.streamId} ended twice`, planOfStream(stream.streamId));
    stream.hasEnded = true;
  }
}
