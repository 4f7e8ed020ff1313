// The packages of this repository as the rules see them: manifests, source files, and what each file imports.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript59";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  imports?: Record<string, unknown>;
}

export interface Package {
  /** The folder below packages/, by which the rules know it. */
  folder: string;
  manifest: Manifest;
  files: SourceFile[];
}

export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  path: string;
  isTest: boolean;
  lines: number;
  syntax: ts.SourceFile;
}

export interface Import {
  specifier: string;
  line: number;
}

export function readPackages(): Package[] {
  return readdirSync(join(root, "packages"))
    .filter((folder) => existsSync(join(root, "packages", folder, "package.json")))
    .map((folder) => ({
      folder,
      manifest: readManifest(`packages/${folder}/package.json`),
      files: readdirSync(join(root, "packages", folder, "src"), {
        recursive: true,
        encoding: "utf8",
      })
        .filter((name) => /\.[cm]?tsx?$/.test(name))
        .map((name) => readSource(`packages/${folder}/src/${name.replaceAll("\\", "/")}`)),
    }));
}

export function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(join(root, path), "utf8")) as Manifest;
}

function readSource(path: string): SourceFile {
  return parseSource(path, readFileSync(join(root, path), "utf8"));
}

export function parseSource(path: string, text: string): SourceFile {
  return {
    path,
    // What tests share stands in a folder `testing`, which is not published.
    isTest: /\.(test|type-test)\.tsx?$|\/testing\//.test(path),
    lines: text.split("\n").length - (text.endsWith("\n") ? 1 : 0),
    syntax: ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true),
  };
}

export function lineOf(file: SourceFile, node: ts.Node): number {
  return file.syntax.getLineAndCharacterOfPosition(node.getStart(file.syntax)).line + 1;
}

export function everyNode(file: SourceFile, visit: (node: ts.Node) => void): void {
  const walk = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, walk);
  };
  walk(file.syntax);
}

/** Static, dynamic and type imports, re-exports, and require. */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  everyNode(file, (node) => {
    const specifier = specifierOf(node);
    if (specifier) found.push({ specifier: specifier.text, line: lineOf(file, specifier) });
  });
  return found;
}

function specifierOf(node: ts.Node): ts.StringLiteralLike | undefined {
  let candidate: ts.Node | undefined;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node))
    candidate = node.moduleSpecifier;
  else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    candidate = node.argument.literal;
  } else if (ts.isCallExpression(node)) {
    const called = node.expression;
    const loads =
      called.kind === ts.SyntaxKind.ImportKeyword ||
      (ts.isIdentifier(called) && called.text === "require");
    if (loads) candidate = node.arguments[0];
  }
  return candidate && ts.isStringLiteralLike(candidate) ? candidate : undefined;
}
