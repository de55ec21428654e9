import { resolve } from "node:path";
import { usageError } from "../../core/errors.ts";
import { isBroker } from "../../core/kafka/target.ts";
import type { Kind } from "../../core/plugin.ts";
import type { Options } from "../command.ts";
import type { targetAdd } from "./add.meta.ts";

type Given = Options<typeof targetAdd>;

/** Options that only targets of these kinds have, as they are spelled. */
const KINDS_OF: Partial<Record<keyof Given, { spelling: string; kinds: readonly Kind[] }>> = {
  thinger: { spelling: "thinger", kinds: ["container"] },
  user: { spelling: "user", kinds: ["container", "kafka"] },
  swarm: { spelling: "swarm", kinds: ["container"] },
  cert: { spelling: "cert", kinds: ["container", "kafka"] },
  key: { spelling: "key", kinds: ["container", "kafka"] },
  catalogue: { spelling: "catalogue", kinds: ["container"] },
  publicHost: { spelling: "public-host", kinds: ["container"] },
  amqp: { spelling: "amqp", kinds: ["deb"] },
  auth: { spelling: "auth", kinds: ["deb"] },
  brokers: { spelling: "brokers", kinds: ["kafka"] },
  tls: { spelling: "tls", kinds: ["kafka"] },
  sasl: { spelling: "sasl", kinds: ["kafka"] },
};

/** What the configuration says of a target's place, and in the section of its kind. @throws USAGE. */
export function kindSettings(options: Given, cwd: string): Record<string, unknown> {
  for (const [option, { spelling, kinds }] of Object.entries(KINDS_OF)) {
    if (options[option as keyof Given] === undefined || kinds.some((kind) => kind === options.kind)) continue;
    throw usageError(`--${spelling} is for targets of kind ${kinds.join(", ")}`);
  }
  switch (options.kind) {
    case "container":
      return { url: oneUrl(options), ...section("container", containerSettings(options, cwd)) };
    case "deb":
      return { url: oneUrl(options), ...section("deb", { amqp: options.amqp, auth: options.auth }) };
    case "kafka": {
      const { url, brokers } = kafkaPlace(options);
      return { url, ...section("kafka", { brokers, ...kafkaSettings(options, cwd) }) };
    }
    default:
      return { url: oneUrl(options) };
  }
}

function oneUrl({ url, thinger }: Given): string {
  const given = thinger ?? url;
  if (given !== undefined && (thinger === undefined || url === undefined)) return given;
  throw usageError("either --url or --thinger says where the backend is");
}

/** The first broker is the address to which the credential belongs, unless the URL leads elsewhere. */
function kafkaPlace({ url, brokers = [] }: Given): { url: string; brokers: string[] | undefined } {
  const wrong = brokers.find((broker) => !isBroker(broker));
  if (wrong !== undefined) {
    throw usageError(`--brokers: "${wrong}" must be HOST:PORT, such as broker.example.com:9092`);
  }
  const [first, ...others] = url === undefined ? brokers : [undefined, ...brokers];
  const place = url ?? (first === undefined ? undefined : `kafka://${first}`);
  if (place === undefined) throw usageError("--brokers or --url says where the brokers are");
  return {
    url: place,
    brokers: others.length === 0 ? undefined : others.filter((broker) => broker !== undefined),
  };
}

const kafkaSettings = ({ tls, cert, key, sasl, user }: Given, cwd: string) => ({
  tls,
  cert: cert === undefined ? undefined : resolve(cwd, cert),
  key: key === undefined ? undefined : resolve(cwd, key),
  sasl,
  user,
});

const containerSettings = (options: Given, cwd: string) => ({
  thinger: options.thinger === undefined ? undefined : true,
  user: options.user,
  swarm: options.swarm,
  cert: options.cert === undefined ? undefined : resolve(cwd, options.cert),
  key: options.key === undefined ? undefined : resolve(cwd, options.key),
  catalogues: options.catalogue?.map((place) => absolutePlace(place, cwd)),
  host: options.publicHost,
});

/** Only with what was given; nothing where that is nothing. */
function section(name: string, settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return given.length === 0 ? {} : { [name]: Object.fromEntries(given) };
}

/** Folders are found from wherever plugctl is called later; repositories and URLs stay as they are. */
function absolutePlace(place: string, cwd: string): string {
  if (/^(?:[a-z+]{2,}:|[\w.-]+@[\w.-]+:)/i.test(place) && !/^git:\.{0,2}\//.test(place)) return place;
  return place.startsWith("git:") ? `git:${resolve(cwd, place.slice(4))}` : resolve(cwd, place);
}
