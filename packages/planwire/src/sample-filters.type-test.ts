import { defineFilter } from "./index.js";
import { z } from "zod";
export interface Row {
  day: string;
  delay: number | null;
} // an interface, not a type alias, must be accepted
export interface Spread {
  mean: number;
  sd: number;
}
export const clean = defineFilter("clean", (rows: Row[]) => rows.flatMap((r) => r.delay ?? []));
export const scale = defineFilter("scale", {
  fit: (xs: number[]): Spread => ({ mean: xs[0] ?? 0, sd: 1 }),
  forward: (xs, spread) => xs.map((x) => (x - spread.mean) / spread.sd), // xs and spread are inferred
});
export const odd = defineFilter("odd", {
  params: z.object({ beyond: z.number() }),
  forward: (xs: number[], { params }) => xs.filter((x) => Math.abs(x) > params.beyond),
});
export const mean = defineFilter("mean", async (xs: number[]) => xs.length / 2);
export const kind = defineFilter("kind", (xs: number[]) =>
  xs.length > 10 ? ("many" as const) : ("few" as const),
);
export const label = defineFilter("label", (xs: number[]) => String(xs.length));
export const join = defineFilter("join", (x: { odd: number[]; average: number }) => ({
  ...x,
  at: 1,
}));
interface Guess {
  lo: number;
  hi: number;
  done: boolean;
}
export const guess = defineFilter("guess", (xs: number[]): Guess => ({
  lo: 0,
  hi: xs.length,
  done: false,
}));
export const half = defineFilter("half", (g: Guess): Guess => ({ ...g, hi: g.hi / 2 }));
export const judge = defineFilter("judge", (g: Guess): Guess => ({ ...g, done: g.hi - g.lo < 1 }));
export const learn = defineFilter("learn", {
  fit: (xs: number[], y: boolean[]) => ({ w: y.length }),
  forward: (xs, s) => xs.map((x) => x * s.w),
});
export const greet = defineFilter("greet", {
  input: z.object({ name: z.string() }),
  forward: (p) => "hello " + p.name,
});
