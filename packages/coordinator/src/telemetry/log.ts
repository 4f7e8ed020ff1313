import { pino, type Level, type Logger } from "pino";

export type LogOption = false | Level | Logger;

/** Lines that wait for a slow stderr, in bytes; beyond it lines are dropped rather than kept. */
const MOST_WAITING = 1024 * 1024;

/**
 * JSON lines on stderr. Written without waiting: whoever reads them slowly must not stop the loop that serves sockets. What is left is
 * written when the process exits.
 */
export function openLog(option: LogOption): Logger {
  if (option === false) return pino({ level: "silent" });
  if (typeof option === "object") return option;
  const destination = pino.destination({ dest: 2, sync: false, maxLength: MOST_WAITING });
  return pino({ name: "planwire-coordinator", level: option }, destination);
}
