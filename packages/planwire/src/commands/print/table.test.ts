import { expect, test } from "vitest";
import { tableText } from "./table.js";

test("columns are aligned, numbers on the right, without trailing blanks", () => {
  const columns = [
    { title: "NAME", cell: ({ name }: Row) => name },
    { title: "N", cell: ({ n }: Row) => n, right: true },
    { title: "TAGS", cell: ({ tags }: Row) => tags },
  ];
  type Row = { name: string; n: number; tags: string };
  const rows = [
    { name: "a", n: 5, tags: "" },
    { name: "longer", n: 1000, tags: "x" },
  ];
  expect(tableText(rows, columns)).toBe(
    ["NAME       N  TAGS", "a          5", "longer  1000  x"].join("\n"),
  );
});

test("a name can't make a row of its own or colour the terminal", () => {
  const columns = [{ title: "NAME", cell: (name: string) => name }];
  expect(tableText(["a\nb\u001b[31m"], columns)).toBe("NAME\na?b?[31m");
});
