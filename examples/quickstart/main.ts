import { spawn } from "node:child_process";
import { once } from "node:events";
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

// A coordinator and two workers, for as long as this process lives.
const command = fileURLToPath(new URL("../bin/planwire.js", import.meta.resolve("planwire")));
const filters = fileURLToPath(new URL("filters.ts", import.meta.url));
const args = [command, "dev", "--port", "0", "--json", "--filters", filters];
const dev = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
process.once("exit", () => dev.kill());
const [listening] = await once(createInterface(dev.stdout), "line");
const pw = await connect(JSON.parse(listening).url);
const movies = plan("movies")
  .pipe(f.clean)
  .pipe(branch(f.size, { many: f.known, few: f.all }))
  .pipe(parallel({ "best rated genres": f.genres, "highest gross": f.highest }));
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
process.exit();
