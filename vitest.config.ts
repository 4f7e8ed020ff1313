import { defineConfig } from "vitest/config";

// Vite's own conditions have to be named again where one is added.
const conditions = ["@planwire/source", "module", "node", "development|production"];

export default defineConfig({
  test: {
    projects: [
      {
        // Everything in one process, no build needed: packages find each other's sources.
        resolve: { conditions },
        ssr: { resolve: { conditions, externalConditions: ["@planwire/source", "node"] } },
        test: {
          name: "unit",
          // Unit tests share nothing but pure code: without a fresh module graph for each file they take a third of the time.
          isolate: false,
          include: ["packages/*/src/**/*.test.ts", "test/architecture.test.ts"],
          exclude: ["**/node_modules/**", "**/*.e2e.test.ts", "packages/testkit/src/stories/**"],
          // A busy machine stretches seconds; what hangs is found all the same.
          testTimeout: 60_000,
        },
      },
      {
        // Stories of the simulator, and the faults planted for it: half a minute of work each, so they run side by side.
        resolve: { conditions },
        ssr: { resolve: { conditions, externalConditions: ["@planwire/source", "node"] } },
        test: { name: "sim", include: ["packages/testkit/src/stories/**/*.test.ts"] },
      },
      {
        // Whatever starts a thread or a process: runs on dist, as a user would have it.
        test: {
          name: "e2e",
          include: ["test/**/*.test.ts", "packages/*/src/**/*.e2e.test.ts"],
          exclude: ["**/node_modules/**", "test/architecture.test.ts", "test/browser/**"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // The client in a real browser, on dist too. Skipped where no Chromium is found.
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 180_000,
        },
      },
    ],
  },
});
