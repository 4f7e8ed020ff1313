import { expect, test } from "vitest";
import { complaintsAbout } from "../complaints.js";

test(
  "stories 151 to 300 keep every promise, and are told the same way twice",
  { timeout: 600_000 },
  () => {
    expect(complaintsAbout(151, 150).join("\n\n")).toBe("");
  },
);
