import * as z from "zod/mini";
import { delegate, transform } from "./schema/delegate.js";
import { exactly, exactlyWhen } from "./schema/exactly.js";
import { JsonValue } from "./schema/json-value.js";
import { UInt64 } from "./schema/numbers.js";
import { object } from "./schema/object.js";

const text = z.string();
const run = { run_id: text };
const node = { run_id: text, node_id: text };

/** Fields that we do not know are kept, so they must be plain JSON. */
const event = <Shape extends z.core.$ZodShape>(shape: Shape) =>
  z.catchall(object(shape), JsonValue);

const KNOWN = z.discriminatedUnion("event_type", [
  event({ event_type: z.literal("RunStarted"), ...run }),
  event({ event_type: z.literal("NodeStarted"), ...node, kind: z.nullish(text) }),
  event({ event_type: z.literal("NodeProgress"), ...node, progress: z.number() }),
  event({
    event_type: z.literal("NodeCacheHit"),
    ...node,
    /** `Memory`, or whatever else names a tier there. */
    tier: z.optional(JsonValue),
    load_time: z.nullish(UInt64),
  }),
  event({
    event_type: z.literal("NodeCompleted"),
    ...node,
    duration: UInt64,
    output_summary: z.nullish(text),
  }),
  event({ event_type: z.literal("NodeFailed"), ...node, error: text }),
  event({ event_type: z.literal("RunCompleted"), ...run, duration: UInt64 }),
  event({ event_type: z.literal("RunFailed"), ...run, error: text }),
  /** Ours: a line that a filter logged. Sent only to peers that announced attempts. */
  event({
    event_type: z.literal("Log"),
    ...node,
    message: text,
    fields: z.optional(JsonValue),
  }),
]);
const KNOWN_TYPES: ReadonlySet<string> = new Set(
  KNOWN.def.options.flatMap((option) => option.shape.event_type.def.values),
);

/** Trial, study and generation events, and whatever else a peer reports: passed through untouched. */
const Other = event({ event_type: text });

export type KnownWorkerEvent = z.infer<typeof KNOWN>;
export type WorkerEvent = KnownWorkerEvent | (z.infer<typeof Other> & { event_type: string });

/** What a worker tells of a run while it goes on. Fields that we don't know are kept. */
export const WorkerEvent: z.ZodMiniType<WorkerEvent> = exactlyWhen(
  transform((raw, ctx) => delegate<WorkerEvent>(schemaOf(raw), raw, ctx)),
  (raw) => exactly(schemaOf(raw))(raw),
);

function schemaOf(raw: unknown): typeof KNOWN | typeof Other {
  const type = (raw as { event_type?: unknown } | null | undefined)?.event_type;
  return typeof type === "string" && KNOWN_TYPES.has(type) ? KNOWN : Other;
}

export function isKnownEvent(event: WorkerEvent): event is KnownWorkerEvent {
  return KNOWN_TYPES.has(event.event_type);
}
