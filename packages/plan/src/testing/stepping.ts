import type { ExecutionPlan, WireError } from "@planwire/protocol";
import { NO_SIGNAL, type Signal } from "../signal.js";
import type { LeafOutcome } from "../stepper/leaf.js";
import { stepperProgram, type StepperOptions } from "../stepper/options.js";
import type { Source } from "../stepper/source.js";
import { Stepper } from "../stepper/stepper.js";

/** Steppers whose handles are strings, and outcomes for them; for tests alone. */
export function forward(plan: ExecutionPlan, more: Partial<StepperOptions<string>> = {}) {
  return new Stepper<string>(stepperProgram({ plan, mode: "Forward", trainable: [], ...more }));
}

export function fit(plan: ExecutionPlan, more: Partial<StepperOptions<string>> = {}) {
  return new Stepper<string>(stepperProgram({ plan, mode: "Fit", trainable: [], ...more }));
}

export function done(
  output: string,
  signal: Signal = NO_SIGNAL,
  states?: Record<string, string>,
): LeafOutcome<string> {
  return { status: "done", output, signal, ...(states && { states }) };
}

export const says = (arm: string): Signal => ({ arm, stop: false });
export const stops: Signal = { stop: true };
export const cancelled: LeafOutcome<string> = { status: "cancelled" };

export function error(message: string): WireError {
  return { code: "FILTER_ERROR", message, retryable: false };
}

export function failed(message: string): LeafOutcome<string> {
  return { status: "failed", error: error(message) };
}

export const value = (handle: string): Source<string> => ({ kind: "value", handle });
export const record = (entries: Record<string, string>): Source<string> => ({
  kind: "record",
  entries: Object.entries(entries).map(([key, handle]) => [key, value(handle)]),
});
