import { PlanwireError } from "@planwire/protocol/errors";

export function storeClosed(): PlanwireError<"STORE_UNAVAILABLE"> {
  return new PlanwireError("STORE_UNAVAILABLE", "the store is not open", { retryable: false });
}

export function cursorGone(planId: string): PlanwireError<"PLAN_UNKNOWN"> {
  return new PlanwireError(
    "PLAN_UNKNOWN",
    `no execution ${planId}, after which the page would begin`,
    {
      hint: "It was removed since; start again with the first page.",
    },
  );
}

export function alreadyOpen(): PlanwireError<"STORE_UNAVAILABLE"> {
  return new PlanwireError("STORE_UNAVAILABLE", "the store is open already", { retryable: false });
}
