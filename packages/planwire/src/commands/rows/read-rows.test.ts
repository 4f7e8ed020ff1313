import { describe, expect, test } from "vitest";
import { parseCellTypes, type CellTypes } from "./cell-types.js";
import { parseRows } from "./read-rows.js";
import { formatOfFile, formatOfText, type RowFormat } from "./row-format.js";

async function* piecesOf(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

async function read(format: RowFormat, text: string, types: CellTypes = "text", size = 1 << 16) {
  const rows: unknown[] = [];
  for await (const row of parseRows(format, piecesOf(text, size), "rows", types)) rows.push(row);
  return rows;
}

/** Wherever reads happen to end, the rows are the same. */
const SIZES = [1, 2, 3, 7, 1000];

describe("ndjson", () => {
  test.each(SIZES)("is a row a line, in reads of %i characters", async (size) => {
    const text = '{"a":"x\\ny"}\r\n\n[1,2]\n12345678901234567890\n"last"';
    const rows = [{ a: "x\ny" }, [1, 2], 12345678901234567890n, "last"];
    expect(await read("ndjson", text, "text", size)).toEqual(rows);
  });

  test("names the line that is no JSON", async () => {
    await expect(read("ndjson", "1\n2\n{oops\n")).rejects.toMatchObject({
      code: "BAD_USAGE",
      message: expect.stringMatching(/^rows line 3 is not JSON: /),
    });
  });

  test("refuses a line beyond a chunk's limit before it is held whole", async () => {
    let read = 0;
    const endless = (async function* () {
      for (; ; read++) yield "x".repeat(1 << 20);
    })();
    await expect(parseRows("ndjson", endless, "rows", "text").next()).rejects.toMatchObject({
      code: "BAD_USAGE",
    });
    expect(read).toBeLessThan(10);
  });

  test("no rows are no rows", async () => {
    expect(await read("ndjson", "")).toEqual([]);
  });
});

describe("json", () => {
  test.each(SIZES)("cuts an array into its items, in reads of %i characters", async (size) => {
    const text = ' [ {"a":[1,{"b":"],}"}]} , "q\\"],\\\\" ,[], -1.5e3, null ,9007199254740993]\n';
    const rows = [{ a: [1, { b: "],}" }] }, 'q"],\\', [], -1500, null, 9007199254740993n];
    expect(await read("json", text, "text", size)).toEqual(rows);
  });

  test.each(["[]", " [ ] "])("%s has no rows", async (text) => {
    expect(await read("json", text)).toEqual([]);
  });

  test.each([
    ["", "it is empty"],
    ['{"a":1}', "expected a JSON array"],
    ["[1,2", "it ends before its JSON array does"],
    ['["a', "it ends before its JSON array does"],
    ["[1,,2]", "rows row 2: expected a JSON value"],
    ["[1,]", "rows row 2: expected a JSON value"],
    ["[,1]", "rows row 1: expected a JSON value"],
    ["[1, oops]", "rows row 2 is not JSON"],
    ["[1}", "it ends before its JSON array does"],
    ["[1}]", "rows row 1 is not JSON"],
    ["[[1]", "it ends before"],
    ["[1] [2]", "more follows after the JSON array"],
    ["[1]\n[2]", "more follows after the JSON array"],
  ])("%s is refused with its reason", async (text, message) => {
    for (const size of SIZES) {
      await expect(read("json", text, "text", size)).rejects.toMatchObject({
        code: "BAD_USAGE",
        message: expect.stringContaining(message),
      });
    }
  });

  test("rows before a broken one are still given", async () => {
    const rows = parseRows("json", piecesOf("[1,2,,3]", 100), "rows", "text");
    expect(await rows.next()).toMatchObject({ value: 1 });
    expect(await rows.next()).toMatchObject({ value: 2 });
    await expect(rows.next()).rejects.toMatchObject({ code: "BAD_USAGE" });
  });
});

describe("csv", () => {
  test.each(SIZES)("is objects by column, cells text, in reads of %i characters", async (size) => {
    const text = 'a,b c\r\n1,"x, ""y""\nz"\r\n,true\r\n';
    expect(await read("csv", text, "text", size)).toEqual([
      { a: "1", "b c": 'x, "y"\nz' },
      { a: "", "b c": "true" },
    ]);
  });

  test("auto reads numbers, booleans and nothing, and leaves other cells text", async () => {
    const text = "x\n1\n-2.5e3\ntrue\n007\n9007199254740993\n99999999999999999999\nNaN\n1e999\n";
    const values = [
      1,
      -2500,
      true,
      "007",
      9007199254740993n,
      "99999999999999999999",
      "NaN",
      "1e999",
    ];
    expect(await read("csv", text, "auto")).toEqual(values.map((x) => ({ x })));
    expect(await read("csv", "x,y\n,1\n", "auto")).toEqual([{ x: null, y: 1 }]);
  });

  test("columns with types are read as these, the others stay text", async () => {
    const types = parseCellTypes("n:number,ok:boolean,j:json");
    const text = 'n,ok,j,t\n 1 ,TRUE,"[1,{}]",5\n,,,\n';
    expect(await read("csv", text, types)).toEqual([
      { n: 1, ok: true, j: [1, {}], t: "5" },
      { n: null, ok: null, j: null, t: "" },
    ]);
  });

  test("a column named __proto__ is a column", async () => {
    const [row] = await read("csv", "__proto__,b\n1,2\n");
    expect(Object.entries(row as object)).toEqual([
      ["__proto__", "1"],
      ["b", "2"],
    ]);
  });

  test.each([
    ["", "text", "it is empty"],
    ["a,a\n1,2\n", "text", 'two columns are named "a"'],
    ["a,b\n1\n", "text", "not CSV"],
    ['a,b\n1,"x\n', "text", "not CSV"],
    ["a\n1\nx\n", "a:number", 'rows line 3: column "a" is not of its type: "x"'],
    ["a\nyes\n", "a:boolean", 'column "a" is not of its type'],
    ["a\n1\n", "b:number", 'there is no column "b"'],
  ])("%j with types %s is refused with its reason", async (text, types, message) => {
    const cellTypes = types === "text" ? "text" : parseCellTypes(types);
    await expect(read("csv", text, cellTypes)).rejects.toMatchObject({
      code: "BAD_USAGE",
      message: expect.stringContaining(message),
    });
  });

  test.each(["delay", "delay:float", ":number", "a:number,", ""])(
    "--types %j is refused",
    (types) => {
      expect(() => parseCellTypes(types)).toThrow(expect.objectContaining({ code: "BAD_USAGE" }));
    },
  );
});

test.each([
  ["rows.ndjson", "ndjson"],
  ["a.b/rows.JSONL", "ndjson"],
  ["rows.json", "json"],
  ["rows.csv", "csv"],
  ["rows.txt", undefined],
  ["rows", undefined],
  ["-", undefined],
])("the format of %s by its extension is %s", (file, format) => {
  expect(formatOfFile(file)).toBe(format);
});

test.each([
  [" \n[1,", "json"],
  ['{"a":1}\n', "ndjson"],
  ["1\n", "ndjson"],
  ["", "ndjson"],
])("text that begins %j is read as %s", (text, format) => {
  expect(formatOfText(text)).toBe(format);
});
