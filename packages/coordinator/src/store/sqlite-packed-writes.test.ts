import { expect, test } from "vitest";
import {
  accept,
  assign,
  cancelled,
  failed,
  finish,
  lose,
  plan,
  started,
  succeeded,
  success,
  takeResult,
  wish,
  write,
} from "./conformance/writes.js";
import type { EncodedWrite } from "./sqlite-messages.js";
import { packWrites, unpackWrites } from "./sqlite-packed-writes.js";
import { encodeWrite } from "./sqlite-values.js";

/** As the other thread gets them; what is moved is gone here afterwards. */
function posted(writes: readonly EncodedWrite[]): EncodedWrite[] {
  const { writes: packed, moved } = packWrites(writes);
  return unpackWrites(structuredClone(packed, { transfer: moved }));
}

const bytes = (size: number) => ({ type: "Bytes", data: new Uint8Array(size).fill(7) }) as const;

test("writes come out as they went in, whatever they change", () => {
  const writes = [
    write("a", 0, accept("a", { name: "tidy", kind: "stream", submittedAt: 1.5 })),
    write("b", 0, accept("b"), assign("b", 1, { cut: { kind: "subtrees", paths: [[0], [1, 2]] } })),
    write("b", 1, started("b"), lose("b"), assign("b", 2, { incarnation: undefined })),
    write("b", 2, wish("its deadline", true)),
    write("b", 3, takeResult("b", 2), finish(cancelled(), 2.5, { expiresAt: 9 })),
    write("a", 1, finish(failed("FILTER_ERROR"))),
    write("c", 7),
  ].map(encodeWrite);
  expect(posted(writes)).toEqual(writes);
  expect(posted([])).toEqual([]);
});

test("large values keep their place among small ones, and are moved", () => {
  const sizes = [10, 100_000, 0, 70_000, 20];
  const writes = () =>
    sizes.map((size, i) =>
      encodeWrite(
        write(
          `p${i}`,
          0,
          accept(`p${i}`, { plan: plan(`p${i}`, bytes(size)) }),
          takeResult("r", 1, success(bytes(size))),
          finish(succeeded(bytes(size))),
        ),
      ),
    );
  expect(packWrites(writes()).moved).toHaveLength(6);
  expect(posted(writes())).toEqual(writes());
});

test("many small values are moved together", () => {
  const writes = () =>
    Array.from({ length: 100 }, (_, i) =>
      encodeWrite(write(`p${i}`, 0, accept(`p${i}`, { plan: plan(`p${i}`, bytes(1_000)) }))),
    );
  expect(packWrites(writes()).moved).toHaveLength(1);
  expect(posted(writes())).toEqual(writes());
});
