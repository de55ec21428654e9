import { resolve } from "node:path";
import { ADAPTERS } from "../../adapters/index.ts";
import { targetNameSchema, targetSchema } from "../../config/schema.ts";
import { conflictError, usageError } from "../../core/errors.ts";
import { done } from "../../output/result.ts";
import type { Handler, Options } from "../command.ts";
import type { targetAdd } from "./add.meta.ts";
import { targetRow } from "./row.ts";

export const run: Handler<typeof targetAdd> = async ({ args, options, host }) => {
  if (options.credentialEnv !== undefined && options.credentialCommand !== undefined) {
    throw usageError("--credential-env and --credential-command exclude each other");
  }
  const name = targetNameSchema.safeParse(args.name);
  if (!name.success) throw usageError(`target name "${args.name}" ${name.error.issues[0]?.message}`);
  const url = options.thinger ?? options.url;
  if (url === undefined || (options.thinger !== undefined && options.url !== undefined)) {
    throw usageError("either --url or --thinger says where the backend is");
  }
  const ofKind = { container: containerOptions(options, host.cwd), deb: debOptions(options) };
  for (const [kind, given] of Object.entries(ofKind)) {
    if (given === undefined || options.kind === kind) continue;
    throw usageError(`--${given.option} is for targets of kind ${kind}`);
  }
  const { container, deb } = ofKind;
  const definition = targetSchema.safeParse({
    kind: options.kind,
    url,
    ...(container === undefined ? {} : { container: container.settings }),
    ...(deb === undefined ? {} : { deb: deb.settings }),
    ...(options.ca === undefined ? {} : { ca: resolve(host.cwd, options.ca) }),
    ...(options.credentialEnv === undefined ? {} : { credential: { env: options.credentialEnv } }),
    ...(options.credentialCommand === undefined
      ? {}
      : { credential: { command: options.credentialCommand } }),
  });
  if (!definition.success) {
    const [issue] = definition.error.issues;
    throw usageError(`--${String(issue?.path.at(-1))}: ${issue?.message}`);
  }
  if (ADAPTERS[definition.data.kind] === undefined) {
    throw usageError(`this version of plugctl cannot talk to targets of kind ${options.kind}`, {
      hint: `kinds: ${Object.keys(ADAPTERS).join(", ")}`,
    });
  }
  const existing = host.config.targets().find((target) => target.name === name.data);
  if (existing !== undefined && !options.overwrite) {
    throw conflictError(`target "${name.data}" exists already (${existing.url})`, {
      hint: "--overwrite replaces it",
    });
  }
  const first = host.config.targets().length === 0;
  await host.config.editUser([
    { path: ["targets", name.data], value: definition.data },
    ...(options.use || first ? [{ path: ["target"], value: name.data }] : []),
  ]);
  const row = targetRow({ ...definition.data, name: name.data, origin: "user" }, options.use || first);
  return done(`added target ${name.data}${row.default ? " as the default" : ""}`, row);
};

/** What the configuration says of a container target, and the first option that said so. */
function containerOptions(options: Options<typeof targetAdd>, cwd: string) {
  const given = {
    thinger: options.thinger === undefined ? undefined : true,
    user: options.user,
    swarm: options.swarm,
    cert: options.cert === undefined ? undefined : resolve(cwd, options.cert),
    key: options.key === undefined ? undefined : resolve(cwd, options.key),
    catalogues: options.catalogue?.map((place) => absolutePlace(place, cwd)),
    host: options.publicHost,
  };
  return settingsOf(given, { catalogues: "catalogue", host: "public-host" });
}

/** The same of a Debian host. */
const debOptions = ({ amqp, auth }: Options<typeof targetAdd>) => settingsOf({ amqp, auth }, {});

function settingsOf(given: Readonly<Record<string, unknown>>, spellings: Readonly<Record<string, string>>) {
  const settings = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const [first] = Object.keys(settings);
  return first === undefined ? undefined : { settings, option: spellings[first] ?? first };
}

/** Folders are found from wherever plugctl is called later; repositories and URLs stay as they are. */
function absolutePlace(place: string, cwd: string): string {
  if (/^(?:[a-z+]{2,}:|[\w.-]+@[\w.-]+:)/i.test(place) && !/^git:\.{0,2}\//.test(place)) return place;
  return place.startsWith("git:") ? `git:${resolve(cwd, place.slice(4))}` : resolve(cwd, place);
}
