import { expect, test } from "vitest";
import { accept, assign, finish, write } from "./conformance/writes.js";
import { acceptedHead, writtenHead, type ExecutionHead } from "./execution-head.js";
import { KnownHeads, type KnownHead } from "./sqlite-heads.js";

function headOf(planId: string): ExecutionHead {
  const accepted = accept(planId);
  return writtenHead(acceptedHead(write(planId, 0, accepted), accepted), []);
}

const known = (head: ExecutionHead): KnownHead => ({ position: 1, head, attempt: undefined });

test("knows a head as it was written last, until its execution ends", () => {
  const heads = new KnownHeads(2);
  const queued = headOf("p");
  const running = writtenHead(queued, [assign("p")]);
  heads.written(known(queued));
  heads.written(known(running));
  expect(heads.get("p")).toEqual(known(running));
  heads.written(known(writtenHead(running, [finish()])));
  expect(heads.get("p")).toBeUndefined();
});

test("lets go of the one that was written longest ago", () => {
  const heads = new KnownHeads(2);
  for (const id of ["a", "b", "a", "c"]) heads.written(known(headOf(id)));
  expect(["a", "b", "c"].map((id) => heads.get(id)?.head.planId)).toEqual(["a", undefined, "c"]);
});
