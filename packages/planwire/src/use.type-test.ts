// What a user writes, and which types the compiler finds for it. Never executed.
import {
  connect,
  defineFilter,
  plan,
  parallel,
  branch,
  loop,
  remote,
  filtersOf,
  chunks,
  isPlanwireError,
  type In,
  type Out,
  type RetryOptions,
  type Run,
  type RunEvent,
} from "./index.js";
import type * as filters from "./sample-filters.type-test.js";
import {
  clean,
  scale,
  odd,
  mean,
  kind,
  label,
  join,
  guess,
  half,
  judge,
  learn,
  greet,
  type Row,
} from "./sample-filters.type-test.js";
type Eq<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function is<T extends true>(): T;
declare const rows: Row[], more: AsyncIterable<Row>;

await using pw = await connect();
const tidy = plan("tidy")
  .pipe(clean)
  .pipe(scale)
  .pipe(parallel({ odd: odd.with({ beyond: 3 }), average: mean })) // keys are node ids
  .pipe(join);
const fit = await (await pw.fit(tidy, rows)).result();
is<Eq<typeof fit.output, { at: number; odd: number[]; average: number }>>();
fit.states.scale.mean.toFixed(2); // states typed by node id
const ready = tidy.withStates(fit.states);
const out = await pw.run(ready, rows);
is<Eq<typeof out.average, number>>();
await using s = pw.stream(ready, chunks(more, 1000));
for await (const part of s) is<Eq<typeof part.odd, number[]>>();

// parallel by last node id, branch over a literal union, loop, remote, renamed nodes
const p2 = parallel(
  odd.with({ beyond: 1 }),
  mean.as("m"),
  plan("x")
    .pipe(guess)
    .pipe(defineFilter("width", (g: { hi: number }) => String(g.hi))),
);
is<Eq<In<typeof p2>, number[]>>();
is<Eq<Out<typeof p2>, { odd: number[]; m: number; width: string }>>();
const b = plan("b")
  .pipe(clean)
  .pipe(branch(kind, { many: mean, few: label }));
const bo = await pw.run(b, rows);
is<Eq<typeof bo, string | number>>();
const l = plan("l")
  .pipe(clean)
  .pipe(guess)
  .pipe(loop("refine", plan("body").pipe(half).pipe(judge), { max: 20 }))
  .pipe(
    remote(
      { tag: "gpu" },
      defineFilter("hi", (g: { hi: number }) => g.hi),
    ),
  );
const lo = await pw.run(l, rows);
is<Eq<typeof lo, number>>();
const twice = plan("t").pipe(clean).pipe(scale).pipe(scale.as("again"));
const ft = await (await pw.fit(twice, rows)).result();
(ft.states.again.sd + ft.states.scale.sd).toFixed(1);
const lf = await (await pw.fit(plan("y").pipe(clean).pipe(learn), rows, [true])).result();
lf.states.learn.w.toFixed(1);
const g = await pw.run(plan("g").pipe(greet), { name: "x" });
is<Eq<typeof g, string>>();

// types without code (browser, thin client)
const remoteFilters = filtersOf<typeof filters>();
const ro = await pw.run(plan("r").pipe(remoteFilters.clean).pipe(remoteFilters.mean), rows);
is<Eq<typeof ro, number>>();

// errors and outcomes
try {
  await pw.run(b, rows, { signal: AbortSignal.timeout(1000) });
} catch (e) {
  if (isPlanwireError(e, "FILTER_ERROR")) e.details.nodeId.trim();
  else if (isPlanwireError(e) && e.code === "QUEUE_FULL") e.details.limit.toFixed();
  else if (isPlanwireError(e, "POISON_PLAN")) e.details.deaths[0]?.workerId.trim();
  else if (isPlanwireError(e, "DEADLINE_EXCEEDED")) e.details.timeoutMs.toFixed();
}
const retry: RetryOptions = { attempts: 3, backoffMs: 100, codes: ["FILTER_ERROR"] };
await pw.run(b, rows, { retry, timeoutMs: 60_000, durability: "memory", keepMs: 0 });
const end = await (await pw.submit(b, rows)).settled();
switch (end.status) {
  case "Succeeded":
    is<Eq<typeof end.output, string | number>>();
    break;
  case "Failed":
    end.error.code.trim();
    break;
  case "Cancelled":
    end.by.trim();
    break;
  default:
    end satisfies never;
}

// the wire's own form, other ways to connect
const raw = await pw.submit({
  plan: { Execute: { node_id: "clean" } },
  input: { source: "Inline", value: { type: "Json", data: [] } },
});
is<Eq<Awaited<ReturnType<typeof raw.result>>, unknown>>();
await connect("ws://127.0.0.1:7420");
await connect({ url: "ws://127.0.0.1:7420", token: "t" });
await connect({ filters: new URL("./filters.ts", import.meta.url), workers: 2 });

// every event has a number, and the union is closed
function textOf(event: RunEvent): string {
  const at = event.number.join(".");
  switch (event.type) {
    case "Accepted":
      return at;
    case "AttemptStarted":
      return event.workerId;
    case "AttemptLost":
      return event.reason;
    case "CancelRequested":
      return event.by;
    case "NodeStarted":
    case "NodeCompleted":
      return event.nodeId;
    case "NodeProgress":
      return event.fraction.toFixed(1);
    case "NodeFailed":
      return event.error;
    case "Log":
      return event.message;
    case "EventsLost":
      return `${event.from[1]} to ${event.to[1]}`;
    case "Finished":
      return event.status === "Failed" ? event.error.code : event.status;
    case "Other":
      return event.event.event_type;
    default:
      return event satisfies never;
  }
}
for await (const event of raw.events()) textOf(event);

// a run is known by its output, and can be found again
const run = await pw.submit(b, rows);
is<Eq<typeof run, Run<string | number>>>();
const late = await run.cancel("enough");
is<Eq<typeof late.tooLate, boolean>>();
const again = await pw.get(run.id);
is<Eq<typeof again, Run<unknown>>>();
