import type { SerializedPlan } from "@planwire/protocol";
import type { ClientProcess } from "./client-process.js";
import { planOfStream } from "./describe-message.js";
import type { Story } from "./story.js";
import { planOf, somePlan, someStreamPlan } from "./story-plans.js";

const MOST_PLANS = 40;

/** What the users of a story do. */
export const USERS = {
  submits(story: Story): void {
    const client = someClient(story);
    if (client === undefined || story.submitted.length >= MOST_PLANS) return;
    const { chance } = story.world;
    const workers = story.setups.map(({ name }) => name);
    const oldWorkers = story.oldSetups.map(({ name }) => name);
    const planId = `p${story.submitted.length}`;
    const plan = story.shapedPlans.next(planId, () =>
      somePlan(chance, planId, { workers, oldWorkers }),
    );
    story.submitted.push(plan);
    const how = chance.choose({ runs: 4, "waits for the outcome": 3, submits: 3 });
    if (how === "runs") run(story, client, plan);
    else client.submit(plan, how === "waits for the outcome");
  },

  "submits and soon cancels"(story: Story): void {
    const client = someClient(story);
    if (client === undefined || story.submitted.length >= MOST_PLANS) return;
    const { chance } = story.world;
    const planId = `p${story.submitted.length}`;
    const filter = chance.choose({ quick: 3, inline: 2, slow: 1 });
    const plan = story.shapedPlans.shaped(planOf(planId, filter));
    story.submitted.push(plan);
    if (chance.happens(40)) run(story, client, plan);
    else client.submit(plan, false);
    client.after(chance.between(1, 120), () => client.cancel(planId));
  },

  "submits what only a deadline ends"(story: Story): void {
    const client = someClient(story);
    if (client === undefined || story.submitted.length >= MOST_PLANS) return;
    const { chance } = story.world;
    const policy = { timeout_ms: chance.between(300, 9_000) };
    const plan = planOf(`p${story.submitted.length}`, chance.choose({ endless: 3, stuck: 1 }));
    const limited = story.shapedPlans.shaped({ ...plan, policy });
    story.submitted.push(limited);
    client.submit(limited, false);
  },

  "submits again"(story: Story): void {
    const plan = recentlyNamed(story);
    if (plan === undefined) return;
    someClient(story)?.submit(plan, false);
    story.world.coverage.count("race: the same submission twice");
  },

  "submits other content"(story: Story): void {
    const plan = recentlyNamed(story);
    if (plan === undefined) return;
    const input = { source: "Inline", value: { type: "Json", data: "other content" } } as const;
    someClient(story)?.submit({ ...plan, input }, false);
    story.world.coverage.count("race: one id, two contents");
  },

  cancels(story: Story): void {
    const plan = recent(story);
    const client = someClient(story);
    if (plan === undefined || client === undefined) return;
    if (story.coordinator === undefined) {
      story.world.coverage.count("race: a cancel while the coordinator is down");
    }
    client.cancel(plan.plan_id);
  },

  "sends a worker away"(story: Story): void {
    const client = someClient(story);
    const worker = story.world.chance.pick(story.setups);
    if (client !== undefined && worker !== undefined) client.drain(worker.name);
  },

  gets(story: Story): void {
    const plan = story.world.chance.pick(story.submitted);
    if (plan !== undefined) someClient(story)?.get(plan.plan_id);
  },

  follows(story: Story): void {
    const plan = recent(story);
    if (plan !== undefined) someClient(story)?.follow(plan.plan_id);
  },

  "reads events"(story: Story): void {
    const plan = recent(story);
    if (plan !== undefined) someClient(story)?.openFeed(plan.plan_id);
  },

  streams(story: Story): void {
    const client = someClient(story);
    if (client === undefined || story.streams.length >= MOST_PLANS) return;
    const { chance } = story.world;
    const streamId = `s${story.streams.length}`;
    story.streams.push({ streamId, client: client.peer.name });
    const chunks = chance.between(0, 20);
    client.openStream(
      streamId,
      someStreamPlan(chance, planOfStream(streamId)),
      chunks,
      chance.between(0, 60),
    );
  },

  "cancels a stream"(story: Story): void {
    const stream = story.world.chance.pick(story.streams.slice(-3));
    if (stream !== undefined) story.clients.get(stream.client)?.cancelStream(stream.streamId);
  },
};

function run({ runs }: Story, client: ClientProcess, plan: SerializedPlan): void {
  runs.add(plan.plan_id);
  client.runPlan(plan);
}

function someClient({ world, clients }: Story): ClientProcess | undefined {
  return world.chance.pick([...clients.values()].filter(({ isReady }) => isReady));
}

/** What was handed in lately is likely still under way. */
function recent({ world, submitted }: Story): SerializedPlan | undefined {
  return world.chance.pick(submitted.slice(-5));
}

/** As `recent`, of those whose ids their users have chosen. */
function recentlyNamed({ world, submitted, runs }: Story): SerializedPlan | undefined {
  return world.chance.pick(submitted.filter(({ plan_id }) => !runs.has(plan_id)).slice(-5));
}
