import type { ClientState } from "@planwire/client/core";
import type { ClientEffect, ClientEvent } from "../sim/drives.js";
import type { Plant } from "../sim/world.js";

// Clients with one fault each, as coordinators.ts has them.

/** The plan that this request submits, when nobody waits for its acceptance. */
function runOf(state: ClientState, requestId: number): string | undefined {
  const pending = state.requests.pending.get(requestId);
  const isRun = pending?.purpose.kind === "forget" && pending.message.type === "Submit";
  return isRun ? pending.message.plan.plan_id : undefined;
}

function isWelcome(event: ClientEvent): boolean {
  return event.type === "received" && event.message.type === "Welcome";
}

/** The run that is refused by what came. */
function runRefusedBy(state: ClientState, event: ClientEvent): string | undefined {
  if (event.type !== "received" || event.message.type !== "Error") return undefined;
  const { request_id } = event.message;
  return request_id === undefined ? undefined : runOf(state, request_id);
}

/** Forgets those that are not accepted yet, and says so once. */
function giveUpRuns({ requests, watches }: ClientState): ClientEffect[] {
  const failure = { code: "CONNECTION_LOST", message: "it gave up", retryable: true };
  return [...requests.pending].flatMap(([id, { message, purpose }]): ClientEffect[] => {
    if (message.type !== "Submit" || purpose.kind !== "forget") return [];
    const planId = message.plan.plan_id;
    requests.pending.delete(id);
    watches.delete(planId);
    return [{ type: "loseSight", planId, failure }];
  });
}

export const CLIENTS: Readonly<Record<string, Plant>> = {
  "does not watch again after a reconnect": {
    client: (step) => (state, event, now) =>
      step(state, event, now).filter(
        (effect) => !isWelcome(event) || effect.type !== "send" || effect.message.type !== "Watch",
      ),
  },
  "does not ask again after a reconnect": {
    client: (step) => (state, event, now) =>
      step(state, event, now).filter(
        (effect) => !isWelcome(event) || effect.type !== "send" || effect.message.type !== "Submit",
      ),
  },
  "does not submit a run again after a reconnect": {
    client: (step) => (state, event, now) =>
      step(state, event, now).filter(
        (effect) =>
          !isWelcome(event) ||
          effect.type !== "send" ||
          effect.message.type !== "Submit" ||
          runOf(state, effect.message.request_id) === undefined,
      ),
  },
  "gives up its runs at a reconnect": {
    client: (step) => (state, event, now) => {
      const given = isWelcome(event) ? giveUpRuns(state) : [];
      return [...given, ...step(state, event, now)];
    },
  },
  "keeps a run's refusal to itself": {
    client: (step) => (state, event, now) => {
      const refused = runRefusedBy(state, event);
      return step(state, event, now).filter(
        (effect) => effect.type !== "loseSight" || effect.planId !== refused,
      );
    },
  },
  "tells an outcome twice": {
    client: (step) => (state, event, now) =>
      step(state, event, now).flatMap((effect): ClientEffect[] =>
        effect.type === "finish" ? [effect, effect] : [effect],
      ),
  },
  "tells of a refusal twice": {
    client: (step) => (state, event, now) => {
      const refused = runRefusedBy(state, event);
      return step(state, event, now).flatMap((effect): ClientEffect[] =>
        effect.type === "loseSight" && effect.planId === refused ? [effect, effect] : [effect],
      );
    },
  },
  "gives its reader a result twice": {
    client: (step) => (state, event, now) =>
      step(state, event, now).flatMap((effect): ClientEffect[] =>
        effect.type === "deliverResult" ? [effect, effect] : [effect],
      ),
  },
};
