import type { Story } from "./story.js";

/** What goes wrong in a story. Each says whether there was anything to hit; what it breaks it mends again after a while. */
export const FAULTS = {
  "the coordinator is killed"(story: Story): boolean {
    if (story.coordinator === undefined) return false;
    const { chance } = story.world;
    story.killCoordinator(
      chance.happens(80) ? chance.between(20, 3_000) : chance.between(3_000, 12_000),
    );
    return true;
  },

  "the coordinator is killed in a commit"(story: Story): boolean {
    const { coordinator, world } = story;
    if (coordinator === undefined) return false;
    world.disk.strikeNextCommit(() => {
      if (coordinator.isAlive && !story.isCalm)
        story.killCoordinator(world.chance.between(20, 2_000));
    });
    return true;
  },

  /** At any time, or when it has just written what is not synced by itself. */
  "the coordinator's power fails"(story: Story): boolean {
    const { coordinator, world } = story;
    if (coordinator === undefined) return false;
    const fails = () => story.cutPower(world.chance.between(500, 4_000));
    if (world.chance.happens(30)) fails();
    else
      world.disk.strikeNextUnsynced(() => {
        if (coordinator.isAlive && !story.isCalm) fails();
      });
    return true;
  },

  "the coordinator is paused"(story: Story): boolean {
    const { coordinator, world } = story;
    if (coordinator === undefined || coordinator.isPaused) return false;
    const ms = world.chance.happens(60)
      ? world.chance.between(100, 4_000)
      : world.chance.between(6_500, 13_000);
    note(story, `the coordinator stands still for ${ms} ms`);
    coordinator.pause();
    world.clock.after(ms, () => {
      if (!coordinator.isAlive || !coordinator.isPaused) return;
      world.witness({ type: "coordinatorPaused", ms });
      coordinator.resume();
    });
    return true;
  },

  "a worker is killed"(story: Story): boolean {
    const worker = someWorker(story);
    worker?.die();
    return worker !== undefined;
  },

  "a worker is paused"(story: Story): boolean {
    const worker = someWorker(story);
    if (worker === undefined || worker.isPaused) return false;
    const ms = story.world.chance.between(100, 12_000);
    note(story, `${worker.peer.process} stands still for ${ms} ms`);
    worker.pause();
    story.world.clock.after(ms, () => worker.resume());
    return true;
  },

  "a worker is cut off"(story: Story): boolean {
    const worker = someWorker(story);
    if (worker !== undefined) cutOff(story, worker.setup.name);
    return worker !== undefined;
  },

  "a worker's connection breaks"(story: Story): boolean {
    const worker = someWorker(story);
    return worker !== undefined && breakWires(story, worker.setup.name);
  },

  "a worker's connection is left behind"(story: Story): boolean {
    const worker = someWorker(story);
    return worker !== undefined && leaveWiresBehind(story, worker.setup.name);
  },

  "a worker is deaf"(story: Story): boolean {
    const worker = someWorker(story);
    if (worker === undefined) return false;
    const ms = story.world.chance.between(500, 12_000);
    note(story, `${worker.peer.process} handles nothing for ${ms} ms`);
    worker.beDeaf(ms);
    return true;
  },

  "a worker drains"(story: Story): boolean {
    const worker = someWorker(story);
    worker?.drain();
    return worker !== undefined;
  },

  "a worker says things twice"(story: Story): boolean {
    const worker = someWorker(story);
    worker?.repeats.begin(story.world.chance.between(1_000, 8_000));
    return worker !== undefined;
  },

  "a client says things twice"(story: Story): boolean {
    const client = story.world.chance.pick([...story.clients.values()]);
    client?.repeats.begin(story.world.chance.between(1_000, 8_000));
    return client !== undefined;
  },

  "the coordinator says things twice"({ coordinator, world }: Story): boolean {
    coordinator?.repeats.begin(world.chance.between(1_000, 8_000));
    return coordinator !== undefined;
  },

  "many workers leave at once"(story: Story): boolean {
    const workers = [...story.workers.values()];
    for (const worker of workers) worker.die();
    return workers.length > 1;
  },

  "a client is killed"(story: Story): boolean {
    const client = story.world.chance.pick([...story.clients.keys()]);
    if (client !== undefined) story.killClient(client);
    return client !== undefined;
  },

  "a client reads slowly"(story: Story): boolean {
    const client = story.world.chance.pick([...story.clients.keys()]);
    if (client !== undefined) readSlowly(story, client);
    return client !== undefined;
  },

  "a worker reads slowly"(story: Story): boolean {
    const worker = someWorker(story);
    if (worker !== undefined) readSlowly(story, worker.setup.name);
    return worker !== undefined;
  },

  "a client is cut off"(story: Story): boolean {
    const client = story.world.chance.pick([...story.clients.keys()]);
    if (client !== undefined) cutOff(story, client);
    return client !== undefined;
  },

  "a client's connection breaks"(story: Story): boolean {
    const client = story.world.chance.pick([...story.clients.keys()]);
    return client !== undefined && breakWires(story, client);
  },

  "a client's connection is left behind"(story: Story): boolean {
    const client = story.world.chance.pick([...story.clients.keys()]);
    return client !== undefined && leaveWiresBehind(story, client);
  },

  "the disk is slow"({ world }: Story): boolean {
    world.disk.speed = { leastMs: 50, mostMs: world.chance.between(100, 1_500) };
    world.clock.after(world.chance.between(500, 5_000), () => {
      world.disk.speed = { leastMs: 0.2, mostMs: 2 };
    });
    return true;
  },

  "the disk is full"({ world }: Story): boolean {
    world.disk.isFull = true;
    world.clock.after(world.chance.between(50, 3_000), () => {
      world.disk.isFull = false;
    });
    return true;
  },

  /** A stream is its connection's, and goes with that. */
  "another coordinator takes a plan"(story: Story): boolean {
    const { disk, chance } = story.world;
    const plans = disk.liveIds().filter((planId) => !planId.startsWith("x-"));
    const planId = chance.pick(plans);
    if (planId !== undefined) disk.takeAway(planId);
    return planId !== undefined;
  },

  /** Not far back: a deadline is on that clock, and would be as late. */
  "the clock jumps"({ world }: Story): boolean {
    world.clock.wallOffset += world.chance.between(-15_000, 86_400_000);
    return true;
  },

  "the network is slow"({ world }: Story): boolean {
    world.net.setSpeed({ leastMs: 20, mostMs: world.chance.between(50, 800) });
    world.clock.after(world.chance.between(500, 5_000), () => {
      world.net.setSpeed({ leastMs: 1, mostMs: 10 });
    });
    return true;
  },
};

function someWorker({ world, workers }: Story) {
  return world.chance.pick([...workers.values()]);
}

/** Short of a lease, or beyond it. */
export function cutOff(story: Story, host: string): void {
  const { net, clock, chance } = story.world;
  const ms = chance.happens(50) ? chance.between(100, 4_000) : chance.between(4_000, 14_000);
  note(story, `${host} is cut off for ${ms} ms`);
  net.cutOff(host, clock.mono + ms);
}

function readSlowly(story: Story, host: string): void {
  const { net, clock, chance } = story.world;
  const [bytesPerMs, ms] = [0.05 + chance.fraction() * 0.5, chance.between(1_000, 10_000)];
  note(story, `${host} reads slowly for ${ms} ms`);
  net.readSlowly(host, bytesPerMs, clock.mono + ms);
}

/** Each side notices at once, later, or only by the silence. */
export function breakWires(story: Story, host: string): boolean {
  const { net, chance } = story.world;
  const wires = net.wiresOf(host);
  const notices = () =>
    chance.happens(70)
      ? chance.between(0, 300)
      : chance.happens(50)
        ? chance.between(300, 8_000)
        : undefined;
  for (const wire of wires) {
    note(story, `a connection of ${host} breaks`);
    wire.break(notices(), notices());
  }
  return wires.length > 0;
}

/** What is said gets no further than a proxy, which passes it on late: after the host has made a new connection, as often as not. */
function leaveWiresBehind(story: Story, host: string): boolean {
  const { net, clock, chance } = story.world;
  const wires = net.wiresOf(host).filter(({ dialer }) => dialer.isOpen);
  for (const wire of wires) {
    note(story, `what ${host} says is held up`);
    wire.holdUp();
    clock.after(chance.between(20, 4_000), () => {
      if (!wire.isHeldUp) return;
      note(story, `a connection of ${host} is left behind`);
      wire.leaveBehind();
    });
  }
  return wires.length > 0;
}

export function note({ world }: Story, what: string): void {
  world.log.add(world.clock.mono, "story", what);
}
