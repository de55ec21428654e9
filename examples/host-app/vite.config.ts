import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  build: { target: "es2022", modulePreload: false },
  // The server that delivers index.html puts a fresh value here for each answer, and the same into its
  // Content-Security-Policy header: the import map that the app adds is an inline script.
  html: { cspNonce: "CSP_NONCE" },
});
