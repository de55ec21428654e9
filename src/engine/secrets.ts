import { conflictError } from "../core/errors.ts";
import type { SettingsChange } from "../core/settings.ts";
import type { EngineScope } from "./containers.ts";
import { putSecrets } from "./fill-volumes.ts";
import { readFileIn } from "./read-file.ts";

/** Where programs look for secrets, as in a swarm. */
export const SECRETS_FOLDER = "/run/secrets";

/** What the secret files of a container are to hold; those that the change does not name are in the present one. */
export type SecretFiles = Readonly<Record<string, Uint8Array>>;

/** What a change comes to, a sentence each, without the content. */
export const describeSecrets = ({ secrets = {} }: SettingsChange): string[] =>
  Object.entries(secrets).map(([name, content]) =>
    content === null ? `take the secret ${name} away` : `set the secret ${name}`,
  );

/** The files that a change sets. */
export const newSecrets = ({ secrets = {} }: SettingsChange): SecretFiles =>
  Object.fromEntries(
    Object.entries(secrets).filter((item): item is [string, Uint8Array] => item[1] !== null),
  );

/**
 * Puts secrets into a container that does not run yet: into its own file system, of which `inspect` shows nothing, and
 * which is gone with it. What is not given anew is taken from the container whose place it takes.
 * @throws CONFLICT when it is not there.
 */
export async function handOverSecrets(
  scope: EngineScope,
  { plugin, from, to }: { plugin: string; from: string | undefined; to: string },
  { names, files }: { names: readonly string[]; files: SecretFiles },
): Promise<void> {
  const all: Record<string, Uint8Array> = {};
  for (const name of names) all[name] = files[name] ?? (await present(scope, { plugin, from, name }));
  await putSecrets(scope, to, SECRETS_FOLDER, all);
}

/** The secret files of a container, for a backup. @throws CONFLICT. */
export async function readSecrets(
  scope: EngineScope,
  { plugin, from, names }: { plugin: string; from: string; names: readonly string[] },
): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const name of names) files[name] = await present(scope, { plugin, from, name });
  return files;
}

async function present(
  scope: EngineScope,
  { plugin, from, name }: { plugin: string; from: string | undefined; name: string },
): Promise<Uint8Array> {
  const found = from === undefined ? null : await readFileIn(scope, from, `${SECRETS_FOLDER}/${name}`);
  if (found?.content) return found.content;
  throw conflictError(`the secret ${name} of plugin "${plugin}" is no more where it was`, {
    hint: `give it again: "plugctl set ${plugin} --secret ${name}=FILE"`,
  });
}
