import { describe, expect, it } from "vitest";
import { chanceOf } from "../testing/chance.js";
import { addTimer, removeTimer, takeDue, type Timer, type Timers } from "./timers.js";

describe("timers", () => {
  it("come due in the order of their times, whatever was added and removed", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const chance = chanceOf(seed);
      const timers: Timers<number> = [];
      const expected: Timer<number>[] = [];
      for (let i = 0; i < 200; i++) {
        const gone =
          chance(3) === 0 ? expected.splice(chance(expected.length || 1), 1)[0] : undefined;
        if (gone) removeTimer(timers, gone);
        else expected.push(addTimer(timers, chance(50), i));
        expect(timers.map(({ index }) => index)).toEqual([...timers.keys()]);
      }
      const taken: number[] = [];
      for (let next = takeDue(timers, 50); next !== undefined; next = takeDue(timers, 50)) {
        taken.push(next);
      }
      const timeOf = new Map(expected.map(({ at, item }) => [item, at]));
      expect(taken.map((item) => timeOf.get(item))).toEqual(
        expected.map(({ at }) => at).toSorted((a, b) => a - b),
      );
    }
  });

  it("are not taken before their time", () => {
    const timers: Timers<string> = [];
    addTimer(timers, 10, "a");
    expect(takeDue(timers, 9)).toBeUndefined();
    expect(takeDue(timers, 10)).toBe("a");
    expect(takeDue(timers, 10)).toBeUndefined();
  });

  it("can be removed twice, and after they were taken", () => {
    const timers: Timers<string> = [];
    const a = addTimer(timers, 1, "a");
    const b = addTimer(timers, 2, "b");
    removeTimer(timers, a);
    removeTimer(timers, a);
    expect(takeDue(timers, 5)).toBe("b");
    removeTimer(timers, b);
    expect(timers).toEqual([]);
  });
});
