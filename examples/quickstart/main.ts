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

/** Runs `planwire ...` as a process of its own for as long as this one; gives its first line of JSON. */
async function start(...args: string[]): Promise<{ url: string }> {
  const command = fileURLToPath(new URL("../bin/planwire.js", import.meta.resolve("planwire")));
  const node = [command, ...args, "--json"];
  const child = spawn(process.execPath, node, { stdio: ["ignore", "pipe", "inherit"] });
  process.once("exit", () => child.kill());
  for await (const line of createInterface(child.stdout))
    return JSON.parse(line) as { url: string };
  throw new Error(`planwire ${args[0]} ended before it was ready`);
}

const { url } = await start("coordinator", "--port", "0", "--store", "memory");
const filters = fileURLToPath(new URL("filters.ts", import.meta.url));
for (const id of ["one", "two"])
  await start("worker", "--coordinator", url, "--id", id, "--filters", filters);
const pw = await connect(url);

const movies = plan("movies")
  .pipe(f.clean)
  .pipe(branch(f.size, { many: f.known, few: f.all }))
  .pipe(parallel({ genres: f.genres, best: f.best }))
  .pipe(f.report);
console.log(await pw.run(movies, await data<f.Movie>("movies.json")));

const flights = await data<f.Flight>("flights-200k.json");
const search = plan("odd-flights").pipe(f.scale).pipe(f.odd);
const { states } = await (await pw.fit(search, flights.slice(0, 20_000))).result();
console.log(`fitted: ${states.scale.mean.toFixed(1)} ± ${states.scale.sd.toFixed(1)} minutes late`);

const found: f.Flight[] = [];
const stream = pw.stream(search.withStates(states), chunks(flights, 1000));
for await (const odd of stream) {
  found.push(...odd);
  const { received } = stream.progress;
  if (received % 50 === 0) console.log(`${received}000 flights seen, ${found.length} odd ones`);
}
console.table(found.toSorted((a, b) => b.delay - a.delay).slice(0, 5));
console.log("Try next: npx planwire dev --filters examples/quickstart/filters.ts");
await pw.close();
process.exit(); // with it end the coordinator and the workers
