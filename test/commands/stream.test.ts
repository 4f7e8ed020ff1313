import { describe, expect, test } from "vitest";
import { useFleetAndFiles } from "./fleet-and-files.js";
import { plans, run, start } from "./planwire-process.js";

const { env, file } = useFleetAndFiles();

describe("rows", () => {
  test.each([
    ["rows.ndjson", '{"a":1}\n{"a":9007199254740993}\n', [], '{"a":1}\n{"a":9007199254740993}\n'],
    ["rows.json", '[{"a":1},\n [2],\n "x"]', [], '{"a":1}\n[2]\n"x"\n'],
    ["rows.csv", "a,b\n1,x\n2,\n", [], '{"a":"1","b":"x"}\n{"a":"2","b":""}\n'],
    ["types.csv", "a,b\n1,true\n", ["--types", "a:number,b:boolean"], '{"a":1,"b":true}\n'],
    ["auto.csv", "a,b\n1,x\n", ["--types", "auto"], '{"a":1,"b":"x"}\n'],
    ["rows.txt", "a\n1\n", ["--format", "csv"], '{"a":"1"}\n'],
    ["sniffed", "[1,2]", [], "1\n2\n"],
  ])("of %s come back a row a line, in order", async (name, content, flags, rows) => {
    const ended = await run(["stream", plans("rows"), "--input", file(name, content), ...flags], {
      env,
    });
    expect(ended).toMatchObject({ code: 0, stdout: rows });
  });

  test("come from stdin unless a file is named", async () => {
    expect(await run(["stream", plans("doubled")], { env, input: "1\n2\n" })).toMatchObject({
      code: 0,
      stdout: "2\n4\n",
    });
  });

  test("go in chunks of --chunk rows, and what is no array comes back as a line each", async () => {
    const input = Array.from({ length: 25 }, (_, i) => `${i}\n`).join("");
    const ended = await run(["stream", plans("sizes"), "--chunk", "10"], { env, input });
    expect(ended.stdout).toBe('{"rows":10}\n{"rows":10}\n{"rows":5}\n');
    expect(ended.stderr).toContain("25 rows in, 3 out in 3 chunks");
    const thousand = Array.from({ length: 2500 }, (_, i) => `${i}\n`).join("");
    const byDefault = await run(["stream", plans("sizes")], { env, input: thousand });
    expect(byDefault.stdout).toBe('{"rows":1000}\n{"rows":1000}\n{"rows":500}\n');
  });

  test("that are none give none", async () => {
    expect(await run(["stream", plans("rows")], { env })).toMatchObject({ code: 0, stdout: "" });
  });

  test("go through a fitted plan with --states", async () => {
    const states = file("states.json", '{"scale":{"type":"Json","data":{"most":2}}}');
    const args = ["stream", plans("scaled"), "--states", states];
    expect(await run(args, { env, input: "1\n3\n" })).toMatchObject({
      code: 0,
      stdout: "0.5\n1.5\n",
    });
  });

  test("many rows come back all and in order", async () => {
    const rows = Array.from({ length: 50_000 }, (_, i) => `{"i":${i}}\n`).join("");
    const ended = await run(["stream", plans("rows"), "--input", file("many.ndjson", rows)], {
      env,
    });
    expect(ended.code).toBe(0);
    expect(ended.stdout === rows).toBe(true);
  });
});

test("a reader that leaves ends the stream, with exit 0", async () => {
  const stream = start(["stream", plans("rows")], { env });
  let open = true;
  const gone = stream.ended.then(() => (open = false));
  // An endless source: only the end of the stream ends it.
  void (async () => {
    for (let i = 0; open; i++) {
      if (stream.child.stdin.write(`{"i":${i}}\n`)) continue;
      const drained = new Promise((resolve) => stream.child.stdin.once("drain", resolve));
      await Promise.race([drained, gone]);
    }
  })();
  await stream.until("rows", () => (stream.stdout.length > 0 ? true : undefined));
  stream.child.stdout.destroy();
  expect(await stream.ended).toMatchObject({ code: 0 });
  expect(stream.stderr).not.toContain("error");
});

test("Ctrl-C cancels the stream and exits 4", async () => {
  const stream = start(["stream", plans("rows"), "--chunk", "1"], { env });
  stream.child.stdin.write("1\n");
  await stream.until("a row", () => (stream.stdout === "1\n" ? true : undefined));
  stream.child.kill("SIGINT");
  expect(await stream.ended).toMatchObject({ code: 4, stdout: "1\n" });
});

describe("what goes wrong", () => {
  test("a bad row exits 2, names its line, and rows before it were written", async () => {
    const input = "1\n2\n3\noops\n";
    const ended = await run(["stream", plans("rows"), "--chunk", "2"], { env, input });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/error BAD_USAGE: standard input line 4 is not JSON/);
  });

  test("a filter that fails exits 1", async () => {
    const ended = await run(["stream", plans("failing")], { env, input: "1\n" });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("error FILTER_ERROR");
    expect(ended.stderr).toContain("no 1 numbers today");
  });

  test("an unknown filter exits 2", async () => {
    const plan = file("unknown.json", '{"plan":{"Execute":{"node_id":"nope"}}}');
    const ended = await run(["stream", plan], { env, input: "1\n" });
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain("error NO_SUCH_FILTER");
  });

  test("a plan that lacks its states exits 2", async () => {
    const ended = await run(["stream", plans("scaled")], { env, input: "1\n" });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("error STATE_MISSING");
  });

  test("a file that is not there exits 2", async () => {
    const ended = await run(["stream", plans("rows"), "--input", "nowhere.csv"], { env });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("can't read nowhere.csv: there is no such file");
  });

  test("a coordinator that is not there exits 3", async () => {
    const ended = await run(["stream", plans("rows"), "--coordinator", "127.0.0.1:9"]);
    expect(ended.code).toBe(3);
  });
});
