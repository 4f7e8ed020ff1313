/** In the order in which stores sort text. */
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Digits of the time; eight hold milliseconds since 1970 for another 6,800 years. */
const TIME_DIGITS = 8;
const CHANCE_DIGITS = 14;

/** The characters of the newest id, whose time's stay as long as that does. */
const codes: number[] = Array.from({ length: TIME_DIGITS + CHANCE_DIGITS }, () => 0);
let timeInCodes = -1;

const chance = new Uint8Array(2_048);
let chanceUsed = chance.length;

/**
 * An id that is a name and needs no quoting anywhere: the millisecond, then 83 bits of chance. The time comes first because ids
 * that grow land side by side in a store's index; ids of chance alone dirty a page of it each.
 */
export function freshId(): string {
  const now = Date.now();
  if (now !== timeInCodes) writeTime(now);
  for (let i = TIME_DIGITS; i < codes.length; i++) codes[i] = digitByChance();
  // All at once: adding digit to digit took three times as long (measured: 0.57 and 0.18 microseconds).
  return String.fromCharCode(...codes);
}

function writeTime(now: number): void {
  timeInCodes = now;
  let rest = now;
  for (let i = TIME_DIGITS - 1; i >= 0; i--) {
    codes[i] = ALPHABET.charCodeAt(rest % ALPHABET.length);
    rest = Math.floor(rest / ALPHABET.length);
  }
}

/** Six bits at a time. The two numbers that stand for no digit are passed over, so that all digits come equally often. */
function digitByChance(): number {
  for (;;) {
    if (chanceUsed === chance.length) {
      crypto.getRandomValues(chance);
      chanceUsed = 0;
    }
    const bits = (chance[chanceUsed++] as number) & 63;
    if (bits < ALPHABET.length) return ALPHABET.charCodeAt(bits);
  }
}
