import type { StandardSchemaV1 } from "@standard-schema/spec";
import { expect, test } from "vitest";
import { z } from "zod";
import { checkSchema } from "./check-schema.js";

const rows = z.array(z.object({ delay: z.coerce.number() }));

test("what a schema accepts comes back as it was parsed, without a promise", () => {
  expect(checkSchema(rows, [{ delay: "3" }])).toEqual({ ok: true, value: [{ delay: 3 }] });
});

test("each issue says where it is", () => {
  expect(checkSchema(rows, [{ delay: 1 }, { delay: "late" }])).toEqual({
    ok: false,
    issues: [{ path: "$[1].delay", message: expect.stringContaining("number") as string }],
  });
});

test("an asynchronous schema is waited for", async () => {
  const even = z.number().refine(async (x) => x % 2 === 0, "must be even");
  expect(await checkSchema(asyncOnly(even), 4)).toEqual({ ok: true, value: 4 });
  expect(await checkSchema(asyncOnly(even), 3)).toEqual({
    ok: false,
    issues: [{ path: "$", message: "must be even" }],
  });
});

/** zod tries synchronously first; this one never does. */
function asyncOnly(schema: z.ZodType): StandardSchemaV1 {
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: async (value) => await schema["~standard"].validate(value),
    },
  };
}

test("path segments may be objects and symbols", () => {
  const schema: StandardSchemaV1 = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: () => ({ issues: [{ message: "no", path: [{ key: "a b" }, 2, Symbol("s")] }] }),
    },
  };
  expect(checkSchema(schema, 1)).toEqual({
    ok: false,
    issues: [{ path: '$["a b"][2]["Symbol(s)"]', message: "no" }],
  });
});
