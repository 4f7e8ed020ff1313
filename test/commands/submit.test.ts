import { describe, expect, test } from "vitest";
import { useFleetAndFiles } from "./fleet-and-files.js";
import { fixture, plans, run, start } from "./planwire-process.js";

const commands = useFleetAndFiles();
const { env, file } = commands;
const execute = (node_id: string) => ({ plan: { Execute: { node_id } } });

describe("a plan that succeeds", () => {
  test("prints its output to stdout, and the rest to stderr", async () => {
    const ended = await run(["submit", plans("doubled"), "--input", "-"], {
      env,
      input: "[1,2,3]",
    });
    expect(ended).toMatchObject({ code: 0, stdout: "[2,4,6]\n" });
    expect(ended.stderr).toMatch(/accepted [\s\S]*succeeded/);
  });

  test("prints accepted and finished with --json, and nothing else", async () => {
    const args = ["submit", plans("both"), "--input", file("in.json", [1, 2]), "--json"];
    const ended = await run(args, { env });
    expect(ended.code).toBe(0);
    const [accepted, finished, ...more] = ended.lines();
    expect(accepted).toEqual({ event: "accepted", plan_id: expect.any(String) });
    expect(finished).toEqual({
      event: "finished",
      plan_id: accepted?.["plan_id"],
      status: "Succeeded",
      output: {
        type: "Record",
        data: [
          ["sum", { type: "Json", data: 6 }],
          ["size", { type: "Json", data: { rows: 2 } }],
        ],
      },
      states: {},
      worker_id: "one",
      attempts: 1,
      duration_ms: expect.any(Number),
    });
    expect(more).toEqual([]);
  });

  test("may be a plan in JSON, where a node's id names its filter unless a binding does", async () => {
    const input = "[1,2]";
    const byId = file("by-id.json", execute("sum"));
    expect(await run(["submit", byId, "--input", "-"], { env, input })).toMatchObject({
      stdout: "3\n",
    });
    const bound = { ...execute("total"), bindings: [{ node_id: "total", uses: "sum" }] };
    expect(
      await run(["submit", file("bound.json", bound), "--input", "-"], { env, input }),
    ).toMatchObject({
      stdout: "3\n",
    });
  });

  test("may come from stdin, with its input inside", async () => {
    const input = { source: "Inline", value: { type: "Text", data: "hello" } };
    const ended = await run(["submit", "-"], {
      env,
      input: JSON.stringify({ ...execute("shout"), input }),
    });
    expect(ended).toMatchObject({ code: 0, stdout: "HELLO\n" });
  });

  test("takes a tagged value as its input, and integers keep their digits", async () => {
    const tagged = file("tagged.json", '{"type":"Json","data":[9007199254740993]}');
    const ended = await run(["submit", plans("rows"), "--input", tagged], { env });
    expect(ended.stdout).toBe("[9007199254740993]\n");
  });

  test("gives bytes as they are", async () => {
    const ended = await run(["submit", file("raw.json", execute("raw")), "--input", "-"], {
      env,
      input: '"héllo"',
    });
    expect(ended).toMatchObject({ code: 0, stdout: "héllo" });
  });

  test("shows what filters log on stderr", async () => {
    const ended = await run(["submit", plans("talking"), "--input", "-"], { env, input: "[1]" });
    expect(ended.stdout).toBe("[1]\n");
    expect(ended.stderr).toContain("chatty: half way");
  });
});

describe("states", () => {
  test("of a fit go into later runs, from the line that --json printed", async () => {
    const fit = await run(["submit", plans("scaled"), "--fit", "--input", "-", "--json"], {
      env,
      input: "[1,4]",
    });
    expect(fit.lines().at(-1)).toMatchObject({
      states: { scale: { type: "Json", data: { most: 4 } } },
    });
    const states = ["--states", file("fitted.jsonl", fit.stdout)];
    const input = "[2,8]";
    const byModule = await run(["submit", plans("scaled"), ...states, "--input", "-"], {
      env,
      input,
    });
    expect(byModule).toMatchObject({ code: 0, stdout: "[0.5,2]\n" });
    const byId = ["submit", file("scale.json", execute("scale")), ...states, "--input", "-"];
    expect(await run(byId, { env, input })).toMatchObject({ code: 0, stdout: "[0.5,2]\n" });
  });

  test("may be a map of tagged values", async () => {
    const states = file("states.json", { scale: { type: "Json", data: { most: 2 } } });
    const args = ["submit", plans("scaled"), "--states", states, "--input", "-"];
    expect(await run(args, { env, input: "[1]" })).toMatchObject({ code: 0, stdout: "[0.5]\n" });
  });

  test("are learnt from labels", async () => {
    const labels = file("labels.json", ["a", "b"]);
    const args = ["submit", plans("learned"), "--labels", labels, "--input", "-"];
    expect(await run(args, { env, input: "[1,0,7]" })).toMatchObject({
      code: 0,
      stdout: '["b","a","none"]\n',
    });
  });

  test("that are missing refuse a module's plan before it is sent, and a plan in JSON after", async () => {
    for (const plan of [plans("scaled"), file("unfitted.json", execute("scale"))]) {
      const ended = await run(["submit", plan, "--input", "-", "--json"], { env, input: "[1]" });
      expect(ended.code).toBe(2);
      expect(ended.lines()).toEqual([
        { event: "refused", error: expect.objectContaining({ code: "STATE_MISSING" }) },
      ]);
    }
  });
});

test("a plan that fails exits 1, and shows the filter's own line", async () => {
  const args = ["submit", plans("failing"), "--input", "-"];
  const ended = await run(args, { env, input: "[1]" });
  expect(ended).toMatchObject({ code: 1, stdout: "" });
  expect(ended.stderr).toContain("error FILTER_ERROR");
  expect(ended.stderr).toContain("no 1 numbers today");
  expect(ended.stderr).toMatch(/filters\.ts:16:/);
  const json = await run([...args, "--json"], { env, input: "[1]" });
  expect(json.code).toBe(1);
  expect(json.lines().at(-1)).toMatchObject({
    event: "finished",
    status: "Failed",
    error: { code: "FILTER_ERROR", message: expect.stringContaining("no 1 numbers today") },
    worker_id: "one",
    attempts: 1,
  });
});

test("a filter's own error is tried again where --retry-on names it", async () => {
  const tries = ["--retries", "1", "--retry-on", "FILTER_ERROR"];
  const args = ["submit", plans("failing"), "--input", "-", ...tries, "--json"];
  const ended = await run(args, { env, input: "[1]" });
  expect(ended.lines().at(-1)).toMatchObject({ error: { code: "FILTER_ERROR" }, attempts: 2 });
});

describe("what is refused exits 2 and says what to try", () => {
  test("an unknown filter: with the names that workers offer", async () => {
    const args = ["submit", file("unknown.json", execute("doubel")), "--json"];
    const ended = await run(args, { env });
    expect(ended.code).toBe(2);
    expect(ended.lines()).toEqual([
      { event: "refused", error: expect.objectContaining({ code: "NO_SUCH_FILTER" }) },
    ]);
    expect(ended.stderr).toMatch(/error NO_SUCH_FILTER: .*doubel/);
    expect(ended.stderr).toContain("double");
  });

  test.each([
    ["broken JSON", "{", "BAD_USAGE", "is not JSON"],
    [
      "an unknown variant",
      '{"plan":{"Sequencer":[]}}',
      "PLAN_REFUSED",
      'unknown plan variant "Sequencer"',
    ],
    [
      "a wrong field",
      '{"plan":{"Sequence":[{"Execute":{"node_id":7}}]}}',
      "PLAN_REFUSED",
      "plan.Sequence[0].Execute.node_id",
    ],
    [
      "one id twice",
      '{"plan":{"Sequence":[{"Execute":{"node_id":"sum"}},{"Execute":{"node_id":"sum"}}]}}',
      "PLAN_REFUSED",
      "sum",
    ],
    [
      "arms without a match for __proto__",
      '{"plan":{"__proto__":[]}}',
      "PLAN_REFUSED",
      "__proto__",
    ],
  ])("%s", async (_, text, code, words) => {
    const ended = await run(["submit", file("bad.json", text)], { env });
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toMatch(new RegExp(`^error ${code}: `, "m"));
    expect(ended.stderr).toContain(words);
  });

  test.each([
    ["an export that is not there", "nothing", "both, doubled"],
    ["an export that is no plan", "notAPlan", "is no plan or filter"],
  ])("%s: with those that are", async (_, name, words) => {
    const ended = await run(["submit", plans(name)], { env });
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain(words);
    expect(ended.stderr).toContain("try: name one of them: ");
  });

  test("a module with several plans and no name", async () => {
    const ended = await run(["submit", fixture("plans.ts")], { env });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("it exports several plans");
  });

  test("a module that throws", async () => {
    const ended = await run(["submit", fixture("throws.ts")], { env });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("broken on purpose");
  });

  test("an input that is no JSON, with its line", async () => {
    const input = "[1,\n2,\noops]";
    const ended = await run(["submit", plans("doubled"), "--input", "-"], { env, input });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/error BAD_USAGE: standard input is not JSON: .*line 3, column 1/);
  });

  test("the same id with other content", async () => {
    const plan = { plan_id: "same-id", ...execute("sum") };
    const args = (name: string) => ["submit", file(name, plan), "--input", "-", "--json"];
    expect(await run(args("one.json"), { env, input: "[1]" })).toMatchObject({ code: 0 });
    expect(await run(args("again.json"), { env, input: "[1]" })).toMatchObject({ code: 0 });
    const other = await run(args("other.json"), { env, input: "[2]" });
    expect(other.code).toBe(2);
    expect(other.lines()).toMatchObject([
      { event: "refused", error: { code: "PLAN_ID_CONFLICT" } },
    ]);
  });
});

test("a coordinator that is not there exits 3", async () => {
  const args = ["submit", plans("doubled"), "--coordinator", "ws://127.0.0.1:9", "--json"];
  const ended = await run(args);
  expect(ended.code).toBe(3);
  expect(ended.lines()).toEqual([
    { event: "error", error: expect.objectContaining({ code: "COORDINATOR_UNREACHABLE" }) },
  ]);
  expect(ended.stderr).toContain("try: ");
});

describe("cancelling", () => {
  test("Ctrl-C cancels the plan and exits 4", async () => {
    const submit = start(["submit", plans("waiting"), "--input", "-"], { env, input: "1" });
    await submit.said("running on one");
    submit.child.kill("SIGINT");
    const ended = await submit.ended;
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain("cancelled");
  });

  test("with --json the finished line says Cancelled", async () => {
    const submit = start(["submit", plans("waiting"), "--input", "-", "--json"], {
      env,
      input: "1",
    });
    const { plan_id } = await submit.line("accepted");
    submit.child.kill("SIGINT");
    const ended = await submit.ended;
    expect(ended.code).toBe(4);
    expect(ended.lines().at(-1)).toMatchObject({ event: "finished", plan_id, status: "Cancelled" });
  });

  test("Ctrl-C while it still waits for its input exits 4", async () => {
    const submit = start(["submit", plans("doubled"), "--input", "-"], { env });
    // More than a pipe holds: when it is written, the command reads.
    const begun = `[${"1,".repeat(1 << 20)}`;
    await new Promise((written) => submit.child.stdin.write(begun, written));
    submit.child.kill("SIGINT");
    expect(await submit.ended).toMatchObject({ code: 4 });
  });

  test("a second Ctrl-C leaves at once, whatever the coordinator does", async () => {
    const submit = start(["submit", plans("waiting"), "--input", "-"], { env, input: "1" });
    await submit.said("running on one");
    commands.fleet.coordinator.child.kill("SIGSTOP");
    submit.child.kill("SIGINT");
    await submit.said("cancelling");
    submit.child.kill("SIGINT");
    const { code } = await submit.ended;
    commands.fleet.coordinator.child.kill("SIGCONT");
    expect(code).toBe(4);
    await run(["cancel", "last"], { env }); // Its own cancel may have been lost with it.
    expect(await run(["result", "last"], { env })).toMatchObject({ code: 4 });
  });

  test("planwire cancel stops it, and says when it comes too late", async () => {
    const submit = start(["submit", plans("waiting"), "--input", "-", "--json"], {
      env,
      input: "1",
    });
    const id = String((await submit.line("accepted"))["plan_id"]);
    const cancel = await run(["cancel", id, "--reason", "a test", "--json"], { env });
    expect(cancel.code).toBe(0);
    expect(cancel.lines()).toMatchObject([{ event: "cancel", plan_id: id, taken: true }]);
    expect(await submit.ended).toMatchObject({ code: 4 });
    const again = await run(["cancel", id, "--json"], { env });
    expect(again.code).toBe(0);
    expect(again.lines()).toMatchObject([{ taken: true, state: "Cancelled" }]);
    await run(["submit", plans("doubled"), "--input", "-"], { env, input: "[1]" });
    const tooLate = await run(["cancel", "last", "--json"], { env });
    expect(tooLate.code).toBe(1);
    expect(tooLate.lines()).toMatchObject([{ taken: false, state: "Succeeded" }]);
  });
});

describe("later", () => {
  test("--detach prints the id, and result gives the output by it", async () => {
    const detached = await run(["submit", plans("doubled"), "--input", "-", "--detach"], {
      env,
      input: "[5]",
    });
    expect(detached.code).toBe(0);
    const id = detached.stdout.trim();
    expect(id).toMatch(/^[0-9A-Za-z]{22}$/);
    expect(await run(["result", id], { env })).toMatchObject({ code: 0, stdout: "[10]\n" });
    expect(await run(["result", "last"], { env })).toMatchObject({ code: 0, stdout: "[10]\n" });
    const json = await run(["result", id, "--json"], { env });
    expect(json.lines()).toMatchObject([{ event: "finished", plan_id: id, status: "Succeeded" }]);
  });

  test("--detach --json prints accepted alone", async () => {
    const detached = await run(["submit", plans("doubled"), "--input", "-", "--detach", "--json"], {
      env,
      input: "[5]",
    });
    expect(detached.lines()).toEqual([{ event: "accepted", plan_id: expect.any(String) }]);
  });

  test("result exits as the run did", async () => {
    const detached = await run(["submit", plans("failing"), "--input", "-", "--detach"], {
      env,
      input: "[5]",
    });
    const result = await run(["result", detached.stdout.trim()], { env });
    expect(result).toMatchObject({ code: 1, stdout: "" });
  });

  test.each(["result", "watch", "cancel", "explain"])(
    "%s of an unknown id exits 2",
    async (name) => {
      const ended = await run([name, "nobody-submitted-this"], { env });
      expect(ended).toMatchObject({ code: 2, stdout: "" });
      expect(ended.stderr).toMatch(/^error PLAN_UNKNOWN: /m);
    },
  );
});
