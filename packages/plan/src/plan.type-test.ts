// What types say of filters and plans. Never run: the compiler is the test.
import { z } from "zod";
import type * as filters from "./filters.type-test.js";
import {
  clean,
  type greet,
  guess,
  half,
  is,
  join,
  judge,
  kind,
  label,
  learn,
  mean,
  odd,
  scale,
  type Eq,
  type Row,
  type Spread,
} from "./filters.type-test.js";
import {
  branch,
  chunks,
  defineFilter,
  filtersOf,
  loop,
  parallel,
  plan,
  remote,
  type In,
  type NeedsOf,
  type Out,
  type Ready,
  type YOf,
} from "./index.js";

/** What the client's `run` and `fit` ask of a plan. */
declare function run<I, O>(p: Ready<I, O>, x: NoInfer<I>): O;
declare const rows: Row[];
declare const more: AsyncIterable<Row>;

// inference of input, output, states and labels
is<Eq<In<typeof clean>, Row[]>>();
is<Eq<Out<typeof clean>, number[]>>();
is<Eq<NeedsOf<typeof scale>, { scale: Spread }>>();
is<Eq<YOf<typeof learn>, boolean[]>>();
is<Eq<Out<typeof mean>, number>>();
is<Eq<In<typeof greet>, { name: string }>>();

const tidy = plan("tidy")
  .pipe(clean)
  .pipe(scale)
  .pipe(parallel({ odd: odd.with({ beyond: 3 }), average: mean }))
  .pipe(join);
is<Eq<Out<typeof tidy>, { at: number; odd: number[]; average: number }>>();
declare const fitted: NeedsOf<typeof tidy>;
fitted.scale.mean.toFixed(2);
const ready = tidy.withStates(fitted);
is<Eq<ReturnType<typeof checkRun>, { at: number; odd: number[]; average: number }>>();
function checkRun() {
  return run(ready, rows);
}
is<Eq<ReturnType<typeof checkChunks>, AsyncIterable<Row[]>>>();
function checkChunks() {
  return chunks(more, 1000);
}

// parallel by last node id
const width = defineFilter("width", (g: { hi: number }) => String(g.hi));
const byId = parallel(odd.with({ beyond: 1 }), mean.as("m"), plan("x").pipe(guess).pipe(width));
is<Eq<In<typeof byId>, number[]>>();
is<Eq<Out<typeof byId>, { odd: number[]; m: number; width: string }>>();
const nested = parallel(parallel(mean, label), kind);
is<Eq<Out<typeof nested>["#0"], { mean: number; label: string }>>();
const not = defineFilter("not", (x: boolean) => !x);
const unions = parallel({ left: not, right: loop("again", not) });
is<Eq<In<typeof unions>, boolean>>();
is<Eq<Out<typeof unions>, { left: boolean; right: boolean }>>();
const size = defineFilter("size", (x: string | number[]) => x.length);
run(parallel({ size, mean }), [1]);
// @ts-expect-error each arm gets the input, and mean takes numbers
run(parallel({ size, mean }), "text");
const named = parallel(parallel(mean, label).as("both"), kind);
is<Eq<Out<typeof named>["both"], { mean: number; label: string }>>();

// a branch over a literal union, over booleans, over a `branch` field, over any text
const b = plan("b")
  .pipe(clean)
  .pipe(branch(kind, { many: mean, few: label }));
is<Eq<Out<typeof b>, string | number>>();
const yes = defineFilter("yes", (xs: number[]) => xs.length > 1);
branch(yes, { true: mean, false: label });
const routed = defineFilter("routed", (_xs: number[]) => ({ branch: "left" as "left" | "right" }));
branch(routed, { left: mean, right: label });
branch(routed, { left: mean, else: label });
branch(label, { "1": mean, default: label });
// @ts-expect-error any text may come: default or else is needed
branch(label, { "1": mean });
// @ts-expect-error arm 'few' is missing and there is no default
branch(kind, { many: mean });
// @ts-expect-error no label picks 'meny'
branch(kind, { many: mean, few: label, meny: label });
// @ts-expect-error a number picks no arm
branch(mean, { default: mean });
const pick = defineFilter("pick", (_x: number) => "a" as const);
const steps = plan("c").pipe(mean).pipe(pick);
// @ts-expect-error the condition is one filter, not a plan
branch(steps, { a: mean });
// @ts-expect-error the arm takes text, the branch gets numbers
branch(kind, { many: mean, few: defineFilter("text", (s: string) => s) });

// loop and remote
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
is<Eq<Out<typeof l>, number>>();
// @ts-expect-error a body that can never say "done"
loop("x", mean.as("y"));

// a rename renames the state too: by as on a filter, on a plan, by a parallel's key
const twice = plan("t").pipe(clean).pipe(scale).pipe(scale.as("again"));
declare const both: NeedsOf<typeof twice>;
is<Eq<typeof both.again, Spread>>();
is<Eq<typeof both.scale, Spread>>();
is<Eq<NeedsOf<ReturnType<typeof renamed>>, { last: Spread }>>();
function renamed() {
  return plan("t").pipe(scale).as("last");
}
const renamedThrice = plan("t").pipe(scale.as("a").as("b")).as("c");
is<Eq<NeedsOf<typeof renamedThrice>, { c: Spread }>>();
const keyed = parallel({ left: scale, right: plan("r").pipe(learn.as("l1")).pipe(scale.as("l2")) });
declare const keyedStates: NeedsOf<typeof keyed>;
is<Eq<typeof keyedStates.left, Spread>>();
is<Eq<typeof keyedStates.right, Spread>>();
is<Eq<typeof keyedStates.l1, { w: number }>>();
// @ts-expect-error the state goes by the key now
void keyedStates.scale;
is<Eq<Out<typeof keyed>, { left: number[]; right: number[] }>>();
const remoteRenamed = remote({ worker: "w1" }, scale).as("far");
is<Eq<NeedsOf<typeof remoteRenamed>, { far: Spread }>>();
const branchRenamed = branch(kind, { many: scale, few: learn }).as("choice");
is<Eq<keyof NeedsOf<typeof branchRenamed>, "scale" | "learn">>();

// states of branch arms are optional: Fit fits only the arm that is taken
const arms = plan("arms")
  .pipe(learn)
  .pipe(branch(kind, { many: scale, few: mean }));
declare const armStates: NeedsOf<typeof arms>;
is<Eq<typeof armStates.scale, Spread | undefined>>();
is<Eq<typeof armStates.learn, { w: number }>>();
arms.withStates({ learn: { w: 1 } });
arms.withStates({ learn: { w: 1 }, scale: { mean: 1, sd: 1 } });
// @ts-expect-error outside of the arms a state is needed
arms.withStates({ scale: { mean: 1, sd: 1 } });
run(plan("only arms").pipe(branch(kind, { many: scale, few: mean })), [1]);

// types without code
const known = filtersOf<typeof filters>();
const thin = plan("r").pipe(known.clean).pipe(known.mean);
is<Eq<Out<typeof thin>, number>>();
run(thin, rows);
// @ts-expect-error no such filter
void known.cleen;

// what must not compile
const learn2 = defineFilter("learn2", (s: string) => s);
const cleaned = plan("a").pipe(clean);
// @ts-expect-error output of clean is number[], learn2 takes strings
cleaned.pipe(learn2);
// @ts-expect-error not fitted: property 'scale' is missing
run(plan("a").pipe(clean).pipe(scale), rows);
// @ts-expect-error wrong input
run(plan("a").pipe(clean), "rows");
// @ts-expect-error wrong params
odd.with({ beyond: "3" });
const scaled = plan("a").pipe(scale);
// @ts-expect-error wrong state
scaled.withStates({ scale: { mean: "1", sd: 1 } });
// @ts-expect-error a plan without steps is no step
plan("a").pipe(plan("b"));
// @ts-expect-error nothing here is a thenable
void tidy.then;

// params: `with` takes what goes into the schema, the filter gets what comes out
const lenient = defineFilter("lenient", {
  params: z.object({ beyond: z.number().default(3) }),
  forward: (xs: number[], { params }) => xs.map((x) => x + params.beyond.valueOf()),
});
lenient.with({});
odd.as("o").with({ beyond: 1 }).as("p");
// an input schema: the step before gives what goes into it, the filter gets what comes out
const parsed = defineFilter("parsed", {
  input: z.object({ n: z.string().transform(Number), of: z.number().default(1) }),
  forward: ({ n, of }) => n.toFixed(of),
});
is<Eq<In<typeof parsed>, { n: string; of?: number | undefined }>>();
const fittedTo = defineFilter("fitted-to", {
  input: z.array(z.string().transform(Number)),
  fit: (xs) => ({ sum: xs.reduce((sum, x) => sum + x, 0) }),
  forward: (xs, s) => xs.map((x) => x / s.sum),
});
is<Eq<In<typeof fittedTo>, string[]>>();
is<Eq<NeedsOf<typeof fittedTo>, { "fitted-to": { sum: number } }>>();
is<Eq<Out<typeof fittedTo>, number[]>>();
