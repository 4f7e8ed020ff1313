import type { ClientEffect } from "../sim/drives.js";
import type { Plant } from "../sim/world.js";

// Clients with one fault each, as coordinators.ts has them.

export const CLIENTS: Readonly<Record<string, Plant>> = {
  "does not watch again after a reconnect": {
    client: (step) => (state, event, now) =>
      step(state, event, now).filter(
        (effect) =>
          !(event.type === "received" && event.message.type === "Welcome") ||
          effect.type !== "send" ||
          effect.message.type !== "Watch",
      ),
  },
  "does not ask again after a reconnect": {
    client: (step) => (state, event, now) =>
      step(state, event, now).filter(
        (effect) =>
          !(event.type === "received" && event.message.type === "Welcome") ||
          effect.type !== "send" ||
          effect.message.type !== "Submit",
      ),
  },
  "gives its reader a result twice": {
    client: (step) => (state, event, now) =>
      step(state, event, now).flatMap((effect): ClientEffect[] =>
        effect.type === "deliverResult" ? [effect, effect] : [effect],
      ),
  },
};
