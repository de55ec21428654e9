import { defineConfig } from "vitest/config";

/** Suites: `unit` and `integration` run in process, `e2e` and `browser` through the built program. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: ["unit", "integration", "e2e", "browser"].map((name) => ({
      extends: true as const,
      // What runs other programs in real time is tried once more: a machine that is busy is no fault of theirs.
      test: { name, include: [`test/${name}/**/*.test.ts`], retry: name === "unit" ? 0 : 1 },
    })),
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text-summary", "html"] },
  },
});
