// Why an attempt was lost, where that means something beyond the words; known again by them after a restart.

export const GIVEN_BACK = "the worker gave it back";
export const NOT_THERE = "the worker did not have it";

/** Whether the worker said itself that it has the attempt no more: nothing of it can go on there. */
export function isDisowned(reason: string): boolean {
  return reason === GIVEN_BACK || reason === NOT_THERE;
}
