/** Flags of Node that say what program to run: a thread that inherited them would refuse its own. */
const PROGRAM =
  /^(--input-type|-e|--eval|-p|--print|-pe|-i|--interactive|-c|--check|--test|--watch)(=|$)/;
/** Flags that say how modules are found and read, which filter modules may depend on. Of all others a thread may refuse some. */
const MODULES = /^(--import|--require|-r|--loader|--experimental-loader|--conditions|-C)(=|$)/;
const WARNINGS = /^(--no-warnings|--disable-warning=.*|--enable-source-maps)$/;

/**
 * What the threads that we start get of this process's flags: undefined for all of them, as threads do by themselves; where that can't
 * work, as under `node --input-type=module -e ..`, those that they need.
 */
export function threadExecArgv(given: readonly string[] = process.execArgv): string[] | undefined {
  if (!given.some((flag) => PROGRAM.test(flag))) return undefined;
  return given.flatMap((flag, index) => {
    if (WARNINGS.test(flag)) return [flag];
    const match = MODULES.exec(flag);
    if (match === null) return [];
    return match[2] === "=" ? [flag] : given.slice(index, index + 2);
  });
}
