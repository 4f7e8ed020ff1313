import type { FilterKind, JsonValue, StreamMode, Value, WireError } from "@planwire/protocol";

/** A filter as it is offered: its definition without the code. */
export interface FilterOffer {
  readonly name: string;
  readonly version?: string;
  readonly kind: FilterKind;
  readonly streamMode: StreamMode;
  readonly isolate: IsolateKind;
  readonly timeoutMs?: number;
}

export type IsolateKind = "inline" | "thread" | "process";

/** Under which a filter is found where it runs. */
export function offerKey({ name, version }: Pick<FilterOffer, "name" | "version">): string {
  return version === undefined ? name : `${name}@${version}`;
}

/** Unique in its worker. */
export type CallId = number;

/** One call of one filter, as it goes to an isolate. Values stay protocol Values until the thread that runs the filter. */
export interface FilterCall {
  readonly call: CallId;
  /** An offerKey. */
  readonly filter: string;
  readonly op: "fit" | "forward";
  readonly input: Value;
  /** Nobody but this call reads the input: its buffers go to the isolate without being copied. */
  readonly ownsInput?: boolean;
  /** Labels of a fit. */
  readonly y?: Value;
  /** State of a forward. */
  readonly state?: Value;
  readonly params?: JsonValue;
  readonly nodeId: string;
  readonly planId: string;
  readonly attempt: number;
  readonly workerId: string;
}

/** How a call ended. */
export type CallOutcome =
  /** `value` is the output, or the state that a fit made. */
  | { readonly status: "done"; readonly value: Value }
  | { readonly status: "failed"; readonly error: WireError }
  /** It was stopped before it had begun. */
  | { readonly status: "dropped" }
  /** Its isolate died, by itself or because it was killed. */
  | { readonly status: "crashed"; readonly reason: string };

/** What a call says while it runs. */
export type CallReport =
  | { readonly call: CallId; readonly kind: "progress"; readonly fraction: number }
  | {
      readonly call: CallId;
      readonly kind: "log";
      readonly message: string;
      readonly fields?: JsonValue;
    };
