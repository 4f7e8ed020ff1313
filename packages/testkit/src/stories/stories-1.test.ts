import { expect, test } from "vitest";
import { complaintsAbout } from "../complaints.js";

test(
  "stories 1 to 150 keep every promise, and are told the same way twice",
  { timeout: 600_000 },
  () => {
    expect(complaintsAbout(1, 150).join("\n\n")).toBe("");
  },
);
