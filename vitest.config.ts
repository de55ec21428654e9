import { defineConfig } from "vitest/config";

/** Suites: `unit` and `integration` run in process, `e2e` and `browser` through the built program. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: ["unit", "integration", "e2e", "browser"].map((name) => ({
      extends: true as const,
      test: { name, include: [`test/${name}/**/*.test.ts`] },
    })),
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text-summary", "html"] },
  },
});
