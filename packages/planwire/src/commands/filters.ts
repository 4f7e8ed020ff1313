import type { WorkerInfo } from "@planwire/client";
import type { OfferedFilter } from "@planwire/protocol";
import { Command } from "commander";
import { askCoordinator, withConnection, type ConnectionFlags } from "./connection.js";
import { writeLine } from "./print/json-lines.js";
import type { Screen } from "./print/screen.js";
import { tableText, type Column } from "./print/table.js";

type Flags = ConnectionFlags & { readonly json?: boolean };

const EXAMPLES = `
Examples:
  planwire filters
  planwire filters --json | jq -r .name
`;

export function filtersCommand(screen: Screen): Command {
  return withConnection(new Command("filters"))
    .summary("list the filters that workers offer")
    .description("Lists the filters that connected workers offer: what a plan's nodes can use.")
    .option("--json", "print one JSON object a line: filter")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: Flags) => {
      const offers = offersOf(await askCoordinator(flags, (pw) => pw.workers()));
      if (flags.json) {
        for (const { filter, workers } of offers) {
          await writeLine(screen.out, { event: "filter", ...filter, workers });
        }
      } else if (offers.length > 0) await screen.out.write(`${tableText(offers, COLUMNS)}\n`);
      else screen.say("no worker offers a filter; start one: planwire worker --filters filters.ts");
    });
}

interface Offer {
  readonly filter: OfferedFilter;
  readonly workers: string[];
}

/** Each filter once, by name, with the workers that offer it. */
export function offersOf(workers: readonly Pick<WorkerInfo, "id" | "filters">[]): Offer[] {
  const byKey = new Map<string, Offer>();
  for (const { id, filters } of workers) {
    for (const filter of filters) {
      const key = `${filter.name}@${filter.version ?? ""}`;
      const offer = byKey.get(key) ?? { filter, workers: [] };
      offer.workers.push(id);
      byKey.set(key, offer);
    }
  }
  return [...byKey.values()].toSorted((a, b) => (a.filter.name < b.filter.name ? -1 : 1));
}

const COLUMNS: readonly Column<Offer>[] = [
  { title: "FILTER", cell: ({ filter }) => filter.name },
  { title: "VERSION", cell: ({ filter }) => filter.version ?? "" },
  { title: "KIND", cell: ({ filter }) => filter.kind },
  { title: "STREAM MODE", cell: ({ filter }) => filter.stream_mode },
  { title: "WORKERS", cell: ({ workers }) => workers.join(" ") },
];
