import * as z from "zod/mini";
import { exactlyWhen } from "./schema/exactly.js";

/** What names and ids of ours look like. Inherited peers may use any string; those are escaped inside part ids. */
export const NAME_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}$/;

export function isName(text: string): boolean {
  return NAME_PATTERN.test(text) && text !== "__proto__";
}

declare const brand: unique symbol;
type Brand<B extends string> = string & { readonly [brand]: B };

/** An execution: the `plan_id` that a client submitted. */
export type ExecutionId = Brand<"ExecutionId">;
/** A part of an execution: the `plan_id` that a worker sees. */
export type PartId = Brand<"PartId">;
export type WorkerId = Brand<"WorkerId">;
export type NodeId = Brand<"NodeId">;
/** One attempt of a stream on one hop. */
export type StreamId = Brand<"StreamId">;
/** One connection of this process; never travels. */
export type ConnectionId = Brand<"ConnectionId">;

const LONGEST_ID = 512;

/**
 * Ids of inherited peers are free text; a bound keeps them from becoming payload. It must be Unicode: half a character becomes another one
 * in msgpack, and an answer under another id answers nobody.
 */
export const AnyId = exactlyWhen(
  z.string().check(z.minLength(1), z.maxLength(LONGEST_ID), ({ value: input, issues }) => {
    if (input.isWellFormed()) return;
    issues.push({ code: "custom", message: "expected Unicode text", path: [], input });
  }),
  (raw) =>
    typeof raw === "string" && raw.length > 0 && raw.length <= LONGEST_ID && raw.isWellFormed(),
);
