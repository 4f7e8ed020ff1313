import type { Binding, ExecutionPlan, PickledFilter } from "@planwire/protocol";
import type { Chance } from "./chance.js";
import { ARMS, FILTERS, pickle } from "./filters.js";

/** A plan that is being made up. */
export interface Draft {
  readonly chance: Chance;
  /** Whom a Remote may name. */
  readonly workers: readonly string[];
  /** Old workers; none, where the plan has nothing for them. */
  readonly oldWorkers: readonly string[];
  readonly bindings: Binding[];
  /** Filters that come with the plan, for old workers. */
  readonly pickled: PickledFilter[];
  /** Whose nodes come next; undefined: anybody's. */
  host: "ours" | "old" | undefined;
  /** It fits: only what comes with the plan says whether it is to be fitted on an old worker. */
  readonly fits: boolean;
  nodes: number;
  /** Elements so far that run no filter: they have ids of their own. */
  labels: number;
}

/** Nodes for old workers, in a plan that is for both. */
const OLD_IN_A_HUNDRED = 45;

type Make = (draft: Draft) => ExecutionPlan;

const SHAPES = {
  one: 10,
  row: 8,
  arms: 4,
  loop: 2,
  branch: 2,
  remoteRow: 4,
  remoteArms: 5,
  remoteLoop: 2,
  remoteBranch: 2,
  nested: 3,
};

/** A tree of a few nodes, for one worker or with parts on workers of their own. */
export function someTree(draft: Draft): ExecutionPlan {
  switch (draft.chance.choose(SHAPES)) {
    case "one":
      return someNode(draft);
    case "row":
      return { Sequence: several(draft, 2, 4, someNode) };
    case "arms":
      return { Parallel: several(draft, 2, 3, someNode) };
    case "loop":
      return someLoop(draft, someNode, lastOfPass);
    case "branch":
      return someBranch(draft, someNode);
    case "remoteRow":
      return { Sequence: several(draft, 2, 3, someRemote) };
    case "remoteArms":
      return { Parallel: several(draft, 2, 3, someRemote) };
    case "remoteLoop":
      return someLoop(draft, someRemote, (inner) => remotely(inner, lastOfPass));
    case "remoteBranch":
      return { Sequence: [someBranch(draft, someRemote), someNode(draft)] };
    case "nested":
      return { Sequence: several(draft, 1, 2, someElement) };
  }
}

/** Anything in anything, two levels deep. */
function someElement(draft: Draft): ExecutionPlan {
  const make: Make = (inner) => (inner.chance.happens(60) ? someNode(inner) : somePart(inner));
  switch (draft.chance.choose({ row: 2, arms: 3, loop: 3, branch: 3 })) {
    case "row":
      return { Sequence: several(draft, 1, 2, make) };
    case "arms":
      return {
        Parallel: [
          ...several(draft, 1, 2, make),
          ...(draft.chance.happens(20) ? ["Empty" as const] : []),
        ],
      };
    case "loop":
      return someLoop(draft, make, lastOfPass);
    case "branch":
      return someBranch(draft, make);
  }
}

function somePart(draft: Draft): ExecutionPlan {
  switch (draft.chance.choose({ remote: 4, arms: 2, loop: 1, branch: 2, cached: 0.5 })) {
    case "remote":
      return someRemote(draft);
    case "arms":
      return { Parallel: several(draft, 2, 2, someNode) };
    case "loop":
      return someLoop(draft, someNode, lastOfPass);
    case "branch":
      return someBranch(draft, someNode);
    case "cached":
      return { Cached: { node_id: labelOf(draft), key: Array.from({ length: 32 }, () => 7) } };
  }
}

function several(draft: Draft, least: number, most: number, make: Make): ExecutionPlan[] {
  return Array.from({ length: draft.chance.between(least, most) }, () => make(draft));
}

/** Each pass ends with a node, so that no pass gets what another one got. Without a limit that node, alone and quick, says when it is enough. */
function someLoop(draft: Draft, make: Make, last: Make): ExecutionPlan {
  const isLimited = draft.chance.happens(80);
  const body = isLimited
    ? { Sequence: [...several(draft, 0, 2, make), last(draft)] }
    : node(draft, "enough");
  const max_iterations = isLimited ? draft.chance.between(1, 4) : null;
  return { Loop: { node_id: labelOf(draft), body, max_iterations } };
}

function lastOfPass(draft: Draft): ExecutionPlan {
  return node(draft, draft.chance.choose({ enough: 6, "enough-slowly": 2 }));
}

function someBranch(draft: Draft, make: Make): ExecutionPlan {
  const { chance } = draft;
  const condition = chance.choose({
    sorts: 5,
    "sorts-slowly": 2,
    asks: 3,
    fails: 0.2,
    "kills-isolate": 0.2,
  });
  const {
    Execute: { node_id },
  } = node(draft, condition);
  const labels = condition === "asks" ? ["true", "false"] : [...ARMS];
  // Now and then no arm is there for what it says, or one for all else.
  if (chance.happens(30)) labels[labels.length - 1] = chance.happens(50) ? "default" : "another";
  const arms = labels.map((label): [string, ExecutionPlan] => [
    label,
    chance.happens(10) ? "Empty" : make(draft),
  ]);
  return { Branch: { node_id, arms } };
}

function someRemote(draft: Draft): ExecutionPlan {
  return remotely(draft, (inner) =>
    inner.chance.happens(30) ? { Sequence: several(inner, 2, 2, someNode) } : someNode(inner),
  );
}

/** On a worker that can run what is in there. */
function remotely(draft: Draft, make: Make): ExecutionPlan {
  const { chance, host, workers, oldWorkers } = draft;
  const isMixed = host === undefined && oldWorkers.length > 0;
  draft.host = isMixed && chance.happens(OLD_IN_A_HUNDRED) ? "old" : (host ?? "ours");
  const names = draft.host === "old" ? oldWorkers : workers;
  const there = remote(`at-${labelOf(draft)}`, chance.pick(names) ?? "a", make(draft));
  draft.host = host;
  return there;
}

export function remote(node_id: string, worker: string, plan: ExecutionPlan): ExecutionPlan {
  return { Remote: { node_id, target: { WorkerId: worker }, plan } };
}

function labelOf(draft: Draft): string {
  return `l${draft.labels++}`;
}

function someNode(draft: Draft) {
  return node(
    draft,
    draft.chance.choose({
      quick: 30,
      slow: 18,
      chatty: 5,
      inline: 10,
      "slow-inline": 8,
      learns: 8,
      "learns-slowly": 4,
      fails: 3,
      flaky: 3,
      "kills-isolate": 1.5,
      "kills-worker": 1,
      stubborn: 4,
      "stubborn-inline": 3,
      endless: 3,
      stuck: 2,
    }),
  );
}

/** A node of ours is bound to its filter. One for old workers brings it, or is named after it. */
function node(draft: Draft, filter: string): { Execute: { node_id: string } } {
  const { chance, host, bindings, oldWorkers } = draft;
  const isForOld = host === "old" || (host === undefined && chance.happens(OLD_IN_A_HUNDRED));
  if (oldWorkers.length > 0 && isForOld && (host === "old" || runsOnOld(filter)))
    return nodeForOld(draft, runsOnOld(filter) ? filter : "slow");
  const number = draft.nodes++;
  // What is named after a filter of ours needs no binding.
  if (number === 0 && chance.happens(10) && runsOnOld(filter) && !isTrainable(filter))
    return { Execute: { node_id: filter } };
  const node_id = `n${number}`;
  bindings.push({ node_id, uses: filter, ...someState(chance, filter) });
  return { Execute: { node_id } };
}

function nodeForOld(draft: Draft, filter: string) {
  const { chance, pickled } = draft;
  const number = draft.nodes++;
  if (!draft.fits && !isTrainable(filter) && chance.happens(20))
    return { Execute: { node_id: `${filter}.n${number}` } };
  const node_id = `n${number}`;
  const trainable = isTrainable(filter) ? { trainable: true } : {};
  pickled.push({
    node_id,
    pickled_filter: pickle(filter),
    ...trainable,
    ...someState(chance, filter),
  });
  return { Execute: { node_id } };
}

/** What learns has a state from an earlier fit, as a rule. */
function someState(chance: Chance, uses: string): Pick<Binding, "state"> {
  if (!isTrainable(uses) || chance.happens(5)) return {};
  return { state: { type: "Json", data: `given to ${uses}` } };
}

function isTrainable(filter: string): boolean {
  return FILTERS[filter]?.isTrainable === true;
}

/** Nobody could end there what does not end by itself, and what an isolate dies of is an error there. */
function runsOnOld(uses: string): boolean {
  const behaviour = FILTERS[uses];
  return behaviour !== undefined && behaviour.mostMs < 10_000 && behaviour.end !== "isolateDies";
}
