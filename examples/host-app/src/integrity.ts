import type { ListedPlugin } from "./discovery.ts";

/**
 * Adds an import map with the integrity of every plugin: the browser then refuses a file that is not the one that
 * the store listed. Must run before the first `import()` of a plugin. Browsers that take no import map once a module
 * has run (Firefox, at present) leave it out of account.
 */
export function requireIntegrity(plugins: readonly ListedPlugin[]): void {
  const integrity = Object.fromEntries(
    plugins.flatMap((plugin) =>
      plugin.integrity === undefined ? [] : [[plugin.pluginUrl, plugin.integrity]],
    ),
  );
  const script = document.createElement("script");
  script.type = "importmap";
  script.nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";
  script.textContent = JSON.stringify({ integrity });
  document.head.append(script);
}
