/** Whether a timer keeps its process alive. */
export function holdTimer(timer: ReturnType<typeof setTimeout> | undefined, hold: boolean): void {
  // Browsers have numbers for timers.
  if (typeof timer !== "object") return;
  if (hold) timer.ref();
  else timer.unref();
}
