import type { RunEvent } from "@planwire/client";

/** An event of a run as `watch --json` prints it: `event` is its type, and all names are in snake case. */
export function eventLine(planId: string, event: RunEvent): Record<string, unknown> {
  const { type, ...fields } = event;
  const renamed = Object.entries(fields).map(([name, value]) => [snakeCase(name), value]);
  return { event: snakeCase(type), plan_id: planId, ...Object.fromEntries(renamed) };
}

function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
