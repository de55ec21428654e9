import type { Connection } from "../adapter.ts";

/** That a target has no catalogue, and how it gets one; undefined when it has one. */
export function missingCatalogue({ target, container }: Connection) {
  if ((container?.catalogues ?? []).length > 0) return undefined;
  return {
    message: `target "${target}" has no catalogue`,
    hint: `"plugctl target add ${target} --overwrite … --catalogue LOCATION" names a folder, git repository or index`,
  };
}

/** The same in one sentence. */
export function catalogueHint(connection: Connection): string | undefined {
  const missing = missingCatalogue(connection);
  return missing === undefined ? undefined : `${missing.message}: ${missing.hint}`;
}
