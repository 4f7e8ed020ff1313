import { defineFilter } from "planwire";

export type Movie = Record<string, string | number | null>;
export type Film = { title: string; genre: string; gross: number; rating: number };
export type Flight = { delay: number; distance: number; time: number };
const average = (xs: number[]) => xs.reduce((a, x) => a + x, 0) / xs.length;

/** Some titles are numbers in the data (1776); rows without gross, genre or rating are left out. */
export const clean = defineFilter("clean", (rows: Movie[]) =>
  rows.flatMap((r): Film[] => {
    const { "Worldwide Gross": gross, "IMDB Rating": rating, "Major Genre": genre } = r;
    if (typeof gross !== "number" || typeof rating !== "number" || !genre) return [];
    return [{ title: String(r["Title"]), genre: String(genre), gross, rating }];
  }),
);
export const size = defineFilter("size", (films: Film[]) => (films.length > 500 ? "many" : "few"));
export const known = defineFilter("known", (films: Film[]) => films.filter((f) => f.gross > 1e6));
export const all = defineFilter("all", (films: Film[]) => films);
export const genres = defineFilter("genres", (films: Film[]) => {
  const ratings = new Map<string, number[]>();
  for (const f of films) ratings.set(f.genre, [...(ratings.get(f.genre) ?? []), f.rating]);
  const rated = [...ratings].map(([genre, of]) => ({ genre, rating: average(of) }));
  return rated.toSorted((a, b) => b.rating - a.rating).slice(0, 3);
});
export const best = defineFilter("best", (films: Film[]) =>
  films.toSorted((a, b) => b.gross - a.gross).slice(0, 3),
);
export const report = defineFilter(
  "report",
  (x: { genres: { genre: string; rating: number }[]; best: Film[] }) => ({
    "best rated genres": x.genres.map((g) => `${g.genre} ${g.rating.toFixed(2)}`),
    "highest gross": x.best.map((f) => `${f.title} $${(f.gross / 1e6).toFixed(0)}M`),
  }),
);

export const scale = defineFilter("scale", {
  fit: (flights: Flight[]) => {
    const mean = average(flights.map((f) => f.delay));
    return { mean, sd: Math.sqrt(average(flights.map((f) => (f.delay - mean) ** 2))) };
  },
  forward: (flights, s) => flights.map((f) => ({ ...f, scaled: (f.delay - s.mean) / s.sd })),
});
export const odd = defineFilter("odd", (flights: (Flight & { scaled: number })[]) =>
  flights.filter((f) => Math.abs(f.scaled) > 5),
);
