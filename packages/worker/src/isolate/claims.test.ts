import { expect, test } from "vitest";
import { claim, Claims, MOST_AHEAD } from "./claims.js";

test("one of the two sides gets a call, the one that asks first", () => {
  const claims = new Claims();
  const forThread = claims.offer();
  expect(claim(claims.cells, forThread)).toBe(true);
  expect(claims.takeBack(forThread)).toBe(false);
  const forPool = claims.offer();
  expect(claims.takeBack(forPool)).toBe(true);
  expect(claim(claims.cells, forPool)).toBe(false);
});

test("an offer that was taken back stays so, though its cell is used again", () => {
  const claims = new Claims();
  const old = claims.offer();
  claims.takeBack(old);
  const fresh = claims.offer();
  expect(fresh.cell).toBe(old.cell);
  expect(claim(claims.cells, old)).toBe(false);
  expect(claim(claims.cells, fresh)).toBe(true);
});

test("there are cells for all calls ahead and the one that runs, and no more", () => {
  const claims = new Claims();
  const offers = Array.from({ length: MOST_AHEAD + 1 }, () => claims.offer());
  expect(() => claims.offer()).toThrow(RangeError);
  for (const offer of offers) {
    claim(claims.cells, offer);
    claims.release(offer);
  }
  expect(new Set(offers.map(() => claims.offer().cell)).size).toBe(MOST_AHEAD + 1);
});
