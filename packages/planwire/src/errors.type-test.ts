// What must not compile, and why. Never executed.
import { branch, connect, defineFilter, loop, plan } from "./index.js";
import { clean, kind, learn, mean, odd, scale, type Row } from "./sample-filters.type-test.js";

declare const rows: Row[];
const pw = await connect();

const strings = defineFilter("strings", (s: string) => s);
// @ts-expect-error output of clean is number[], strings takes a string
plan("a").pipe(clean).pipe(strings);
// @ts-expect-error not fitted: property 'scale' is missing
await pw.run(plan("a").pipe(clean).pipe(scale), rows);
// @ts-expect-error wrong input
await pw.run(plan("a").pipe(clean), "rows");
// @ts-expect-error wrong chunks
pw.stream(plan("a").pipe(clean), rows);
// @ts-expect-error arm 'few' is missing and there is no default
branch(kind, { many: mean });
// @ts-expect-error labels missing
await pw.fit(plan("a").pipe(clean).pipe(learn), rows);
// @ts-expect-error a Date does not travel
defineFilter("d", (x: { when: Date }) => x.when.getTime());
// @ts-expect-error a Map does not travel out
defineFilter("m", (x: number) => new Map([[x, x]]));
// @ts-expect-error wrong params
odd.with({ beyond: "3" });
// @ts-expect-error a body that can never say "done"
loop("x", mean.as("y"));
// @ts-expect-error no such option
await connect({ uri: "ws://127.0.0.1:7420" });
// @ts-expect-error no such submit option
await pw.run(plan("a").pipe(clean), rows, { timeout: 3 });
// @ts-expect-error no such code
await pw.run(plan("a").pipe(clean), rows, { retry: { codes: ["FILTER_EROR"] } });
// @ts-expect-error no such retry option
await pw.run(plan("a").pipe(clean), rows, { retry: { max: 3 } });
// @ts-expect-error no such durability
await pw.run(plan("a").pipe(clean), rows, { durability: "tape" });
