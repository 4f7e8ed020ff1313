import { expect, test } from "vitest";
import { MainThreadLag } from "./main-thread-lag.js";

function lag() {
  const asked: number[] = [];
  return { asked, lag: new MainThreadLag(() => asked.push(1)) };
}

test("a main thread that answers between samples is not blocked", () => {
  const { asked, lag: main } = lag();
  for (const mono of [0, 10_000, 20_000]) {
    expect(main.sample(mono)).toBeUndefined();
    main.answered();
  }
  expect(asked).toHaveLength(3);
});

test("one that does not is blocked since it was asked, and asked once", () => {
  const { asked, lag: main } = lag();
  main.sample(5_000);
  expect(main.sample(15_000)).toBe(10_000);
  expect(main.sample(25_000)).toBe(20_000);
  expect(asked).toHaveLength(1);
  main.answered();
  expect(main.sample(35_000)).toBeUndefined();
});

test("one that takes less than a second is busy, not blocked", () => {
  const { lag: main } = lag();
  main.sample(0);
  expect(main.sample(999)).toBeUndefined();
});
