import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { branch, chunks, connect, parallel, plan } from "planwire";
import * as f from "./filters.js";

/** A data set that the npm package vega-datasets ships. */
async function data<T>(name: string): Promise<T[]> {
  const url = new URL(`../data/${name}`, import.meta.resolve("vega-datasets"));
  return JSON.parse(await readFile(url, "utf8")) as T[];
}

/** Runs `planwire ...` as a process of its own, until this one ends; gives the first JSON line it prints. */
async function start(...args: string[]): Promise<{ url: string }> {
  const command = fileURLToPath(new URL("../bin/planwire.js", import.meta.resolve("planwire")));
  const child = spawn(process.execPath, [command, ...args, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.once("exit", () => child.kill());
  for await (const line of createInterface(child.stdout))
    return JSON.parse(line) as { url: string };
  throw new Error(`planwire ${args[0]} ended before it was ready`);
}

const { url } = await start("coordinator", "--port", "0", "--store", "memory");
const filters = fileURLToPath(new URL("filters.ts", import.meta.url));
for (const id of ["one", "two"]) {
  await start("worker", "--coordinator", url, "--id", id, "--filters", filters);
}
await using pw = await connect(url);

const films = plan("films")
  .pipe(f.clean)
  .pipe(branch(f.size, { many: f.popular, few: f.keep }))
  .pipe(parallel({ genres: f.genres, best: f.best }))
  .pipe(f.report);
console.log(await pw.run(films, await data<f.Movie>("movies.json")));

const flights = await data<f.Flight>("flights-200k.json");
const search = plan("odd flights").pipe(f.scale).pipe(f.odd);
const fitted = await (await pw.fit(search, flights.slice(0, 20_000))).result();
const { mean, sd } = fitted.states.scale;
console.log(`delays: ${mean.toFixed(1)} minutes on average, standard deviation ${sd.toFixed(1)}`);

const found: f.Flight[] = [];
const stream = pw.stream(search.withStates(fitted.states), chunks(flights, 1000));
for await (const odd of stream) {
  found.push(...odd);
  const { received } = stream.progress;
  if (received % 50 === 0)
    console.log(`${received} of ${flights.length / 1000} chunks, ${found.length} odd flights`);
}
console.table(found.toSorted((a, b) => b.delay - a.delay).slice(0, 5));
