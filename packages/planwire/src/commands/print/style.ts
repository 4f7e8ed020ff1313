import { styleText } from "node:util";

/** Colours for one output; plain text where it is no terminal, or NO_COLOR is set. */
export interface Style {
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  bold(text: string): string;
  dim(text: string): string;
}

type Format = Parameters<typeof styleText>[0];

export function styleFor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>> = process.env,
): Style {
  const coloured = stream.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  const as = (format: Format) => (text: string) =>
    coloured ? styleText(format, text, { validateStream: false }) : text;
  return {
    red: as("red"),
    green: as("green"),
    yellow: as("yellow"),
    bold: as("bold"),
    dim: as("dim"),
  };
}
