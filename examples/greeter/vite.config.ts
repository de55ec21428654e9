import { defineConfig } from "vite";

/** One ES module is the plugin: hosts import exactly one URL, so style and code travel together. */
export default defineConfig({
  build: {
    lib: { entry: "src/index.ts", formats: ["es"], fileName: "index" },
    sourcemap: true,
    target: "es2022",
  },
});
