import { randomBytes } from "node:crypto";
import { conflictError, isPlugctlError } from "../../core/errors.ts";
import { ownLabels } from "../body.ts";
import type { EngineScope } from "../containers.ts";
import { LABEL } from "../labels.ts";
import { SECRETS_FOLDER, type SecretFiles } from "../secrets.ts";
import { type SecretUse, type ServiceSpec, secretListSchema, serviceCreatedSchema } from "./schema.ts";

/**
 * The secrets that a service is to have: the swarm keeps their content, encrypted, and tells it to nobody but the tasks.
 * What is not given anew stays as the service has it.
 * @returns how the service names them, and the ids of those that were made. @throws CONFLICT.
 */
export async function provideSecrets(
  scope: EngineScope,
  plugin: string,
  {
    names,
    files,
    present,
  }: { names: readonly string[]; files: SecretFiles; present: ServiceSpec | undefined },
): Promise<{ uses: SecretUse[]; made: string[] }> {
  const had = present?.TaskTemplate.ContainerSpec.Secrets ?? [];
  const uses: SecretUse[] = [];
  const made: string[] = [];
  for (const name of names) {
    const content = files[name];
    const before = had.find(({ File }) => File?.Name === name);
    if (content === undefined) {
      if (before === undefined) throw lost(plugin, name);
      uses.push(before);
      continue;
    }
    // Not named for its content, of which even a digest would tell something.
    const secret = `plugctl-${randomBytes(16).toString("hex")}`;
    const id = await createSecret(scope, plugin, { name, secret, content });
    made.push(id);
    uses.push({
      File: { Name: name, UID: "0", GID: "0", Mode: 0o444 },
      ...{ SecretID: id, SecretName: secret },
    });
  }
  return { uses, made };
}

async function createSecret(
  { client, user }: EngineScope,
  plugin: string,
  { name, secret, content }: { name: string; secret: string; content: Uint8Array },
): Promise<string> {
  const body = {
    Name: secret,
    Labels: { ...ownLabels(user, plugin), [LABEL.secret]: name },
    Data: Buffer.from(content).toString("base64"),
  };
  const { ID } = await client.json(
    serviceCreatedSchema,
    // The body alone: dockerode would repeat it in the URL.
    async (docker, abortSignal) => ({
      ID: (await docker.createSecret({ _query: {}, _body: body, abortSignal })).id,
    }),
    { subject: `secret ${name}` },
  );
  return ID;
}

/** All secrets of a plugin; those of before its last change are kept with it, for a rollback. */
export async function removeSecrets(scope: EngineScope, plugin: string): Promise<void> {
  const { client, user } = scope;
  const label = Object.entries(ownLabels(user, plugin)).map(([key, value]) => `${key}=${value}`);
  const secrets = await client.json(secretListSchema, (docker, abortSignal) =>
    docker.listSecrets({ filters: JSON.stringify({ label }), abortSignal }),
  );
  await dropSecrets(
    scope,
    secrets.map(({ ID }) => ID),
  );
}

/** One that is gone, or that a service has come to use, is fine. */
export async function dropSecrets({ client }: EngineScope, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    try {
      await client.done((docker) => docker.getSecret(id).remove(), { subject: `secret ${id}` });
    } catch (error) {
      if (!isPlugctlError(error) || !["NOT_FOUND", "INVALID", "CONFLICT"].includes(error.code)) throw error;
    }
  }
}

const lost = (plugin: string, name: string) =>
  conflictError(`the service ${plugin} has no secret ${name} in ${SECRETS_FOLDER}`, {
    hint: `give it again: "plugctl set ${plugin} --secret ${name}=FILE"`,
  });
