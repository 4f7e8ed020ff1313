import { defineFilter } from "planwire";

export type Movie = Record<string, string | number | null>;
export type Film = { title: string; genre: string; gross: number; rating: number };
export type Flight = { delay: number; distance: number; time: number };
const average = (xs: number[]) => xs.reduce((a, x) => a + x, 0) / xs.length;

/** Titles such as 1776 are numbers in the data; rows without gross, genre or rating are left out. */
export const clean = defineFilter("clean", (rows: Movie[]): Film[] =>
  rows.flatMap((r) => {
    const [gross, rating, genre] = [r["Worldwide Gross"], r["IMDB Rating"], r["Major Genre"]];
    if (typeof gross !== "number" || typeof rating !== "number" || typeof genre !== "string")
      return [];
    return [{ title: String(r["Title"]), genre, gross, rating }];
  }),
);
export const size = defineFilter("size", (films: Film[]) =>
  films.length > 500 ? ("many" as const) : ("few" as const),
);
export const popular = defineFilter("popular", (films: Film[]) =>
  films.filter((f) => f.gross > 1e6),
);
export const keep = defineFilter("keep", (films: Film[]) => films);
export const genres = defineFilter("genres", (films: Film[]) =>
  [...new Set(films.map((f) => f.genre))]
    .map((genre) => ({ genre, of: films.filter((f) => f.genre === genre) }))
    .map(({ genre, of }) => ({ genre, films: of.length, rating: average(of.map((f) => f.rating)) }))
    .toSorted((a, b) => b.rating - a.rating),
);
export const best = defineFilter("best", (films: Film[]) =>
  films.toSorted((a, b) => b.gross - a.gross).slice(0, 3),
);
export const report = defineFilter("report", (x: { genres: Genre[]; best: Film[] }) => ({
  "best rated genres": x.genres.slice(0, 3).map((g) => `${g.genre} ${g.rating.toFixed(2)}`),
  "highest gross": x.best.map((f) => `${f.title} $${(f.gross / 1e6).toFixed(0)}M`),
}));
type Genre = { genre: string; films: number; rating: number };

export const scale = defineFilter("scale", {
  fit: (flights: Flight[]) => {
    const mean = average(flights.map((f) => f.delay));
    return { mean, sd: Math.sqrt(average(flights.map((f) => (f.delay - mean) ** 2))) };
  },
  forward: (flights, s) => flights.map((f) => ({ ...f, scaled: (f.delay - s.mean) / s.sd })),
});
export const odd = defineFilter("odd", (flights: (Flight & { scaled: number })[]) =>
  flights.filter((f) => Math.abs(f.scaled) > 8),
);
