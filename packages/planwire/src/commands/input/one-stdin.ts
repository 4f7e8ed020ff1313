import { PlanwireError } from "@planwire/protocol";
import { STDIN } from "./read-text.js";

/** Standard input can be read once. @throws PlanwireError BAD_USAGE naming what wants it */
export function allowOneStdin(files: Readonly<Record<string, string | undefined>>): void {
  const wanting = Object.keys(files).filter((name) => files[name] === STDIN);
  if (wanting.length <= 1) return;
  throw new PlanwireError("BAD_USAGE", `${wanting.join(" and ")} can't both be standard input`, {
    hint: "put one of them into a file",
  });
}
