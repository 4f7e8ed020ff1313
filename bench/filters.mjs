import { defineFilter } from "planwire";

/** Gives back what it gets, on the worker's main thread and on a thread of its pool. */
export const echoInline = defineFilter("echo-inline", { isolate: "inline", forward: (x) => x });
export const echoThread = defineFilter("echo-thread", { isolate: "thread", forward: (x) => x });
