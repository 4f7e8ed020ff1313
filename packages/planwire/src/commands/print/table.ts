const GAP = "  ";

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string | number;
  /** Numbers stand on the right. */
  readonly right?: boolean;
}

/** Aligned columns under their titles; one line a row, without trailing blanks. */
export function tableText<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const lines = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ cell }) => onOneLine(String(cell(row))))),
  ];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, i) => pad(text, widths[i] ?? 0, columns[i]?.right ?? false))
        .join(GAP)
        .trimEnd(),
    )
    .join("\n");
}

function pad(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width);
}

/** Names come from peers: a line break in one must not make a row of its own, an escape no colour. */
function onOneLine(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");
}
