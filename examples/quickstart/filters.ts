import { defineFilter } from "planwire";

export type Movie = Record<string, string | number | null>;
export type Film = { title: string; genre: string; gross: number; rating: number };
export type Flight = { delay: number; distance: number; time: number };
type Scaled = Flight & { scaled: number };
const average = (xs: number[]) => xs.reduce((a, x) => a + x, 0) / xs.length;

export const clean = defineFilter("clean", (rows: Movie[]) =>
  rows.flatMap((r): Film[] => {
    const { "Worldwide Gross": gross, "IMDB Rating": rating, "Major Genre": genre } = r;
    if (typeof gross !== "number" || typeof rating !== "number" || !genre) return [];
    return [{ title: String(r["Title"]), genre: String(genre), gross, rating }]; // 1776 is a number
  }),
);
export const size = defineFilter("size", (films: Film[]) => (films.length > 500 ? "many" : "few"));
export const known = defineFilter("known", (films: Film[]) => films.filter((f) => f.gross > 1e6));
export const all = defineFilter("all", (films: Film[]) => films);
export const genres = defineFilter("genres", (films: Film[]) => {
  const ratings = new Map<string, number[]>();
  for (const f of films) ratings.set(f.genre, [...(ratings.get(f.genre) ?? []), f.rating]);
  const best = [...ratings].toSorted(([, a], [, b]) => average(b) - average(a)).slice(0, 3);
  return best.map(([genre, of]) => `${genre} ${average(of).toFixed(2)}`);
});
export const highest = defineFilter("highest", (films: Film[]) => {
  const best = films.toSorted((a, b) => b.gross - a.gross).slice(0, 3);
  return best.map((f) => `${f.title} $${(f.gross / 1e6).toFixed(0)}M`);
});
export const scale = defineFilter("scale", {
  fit: (flights: Flight[]) => {
    const mean = average(flights.map((f) => f.delay));
    return { mean, sd: Math.sqrt(average(flights.map((f) => (f.delay - mean) ** 2))) };
  },
  forward: (flights, s) => flights.map((f) => ({ ...f, scaled: (f.delay - s.mean) / s.sd })),
});
export const odd = defineFilter("odd", (xs: Scaled[]) => xs.filter((x) => Math.abs(x.scaled) > 5));
