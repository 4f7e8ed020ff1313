import { expect, test } from "vitest";
import { accept, assign, finish, write } from "./conformance/writes.js";
import { acceptedHead, writtenHead, type ExecutionHead } from "./execution-head.js";
import { KnownHeads } from "./sqlite-heads.js";

function headOf(planId: string): ExecutionHead {
  const accepted = accept(planId);
  return writtenHead(acceptedHead(write(planId, 0, accepted), accepted), []);
}

test("knows a head as it was written last, until its execution ends", () => {
  const heads = new KnownHeads(2);
  const queued = headOf("p");
  const running = writtenHead(queued, [assign("p")]);
  heads.written({ position: 1, head: queued });
  heads.written({ position: 1, head: running });
  expect(heads.get("p")).toEqual({ position: 1, head: running });
  heads.written({ position: 1, head: writtenHead(running, [finish()]) });
  expect(heads.get("p")).toBeUndefined();
});

test("lets go of the one that was written longest ago", () => {
  const heads = new KnownHeads(2);
  for (const id of ["a", "b", "a", "c"]) heads.written({ position: 1, head: headOf(id) });
  expect(["a", "b", "c"].map((id) => heads.get(id)?.head.planId)).toEqual(["a", undefined, "c"]);
});
