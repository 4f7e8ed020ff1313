import { customAlphabet } from "nanoid";

/** In the order in which stores sort text. */
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Digits of the time; eight hold milliseconds since 1970 for another 6,800 years. */
const TIME_DIGITS = 8;

const chance = customAlphabet(ALPHABET, 14);

/** Of the newest id, and how its time is written: most ids share their millisecond with others. */
let newest = { time: -1, digits: "" };

/**
 * An id that is a name and needs no quoting anywhere: the millisecond, then 83 bits of chance. The time comes first because ids
 * that grow land side by side in a store's index; ids of chance alone dirty a page of it each.
 */
export function freshId(): string {
  const time = Date.now();
  if (time !== newest.time) newest = { time, digits: timeDigits(time) };
  return newest.digits + chance();
}

function timeDigits(now: number): string {
  let rest = now;
  let digits = "";
  for (let i = 0; i < TIME_DIGITS; i++) {
    digits = ALPHABET.charAt(rest % ALPHABET.length) + digits;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return digits;
}
