/** How clients say who they are to a broker. */
export const SASL_MECHANISMS = ["plain", "scram-sha-256", "scram-sha-512"] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

/** What a target of kind `kafka` has beside its URL. */
export interface KafkaTarget {
  /** `host:port` of brokers beside the one of the URL; any that answers tells where the others are. */
  brokers?: readonly string[] | undefined;
  /** Connections are encrypted, and the brokers prove who they are. */
  tls?: boolean | undefined;
  /** PEM files of a client's certificate and its key. */
  cert?: string | undefined;
  key?: string | undefined;
  /** Clients sign in this way; the credential is the password. */
  sasl?: SaslMechanism | undefined;
  /** Who signs in, where no sign-in of `plugctl login` says so. */
  user?: string | undefined;
}

/** `host:port` with a port that there can be; an IPv6 address needs a name. */
export function isBroker(text: string): boolean {
  const [, port] = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?:(\d{1,5})$/.exec(text) ?? [];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

/** The brokers that a target names: that of a `kafka:` URL, and those beside it. */
export function brokersOf(url: string, target: KafkaTarget | undefined): string[] {
  const parsed = URL.parse(url);
  const own = parsed?.protocol === "kafka:" ? [parsed.host] : [];
  return [...new Set([...own, ...(target?.brokers ?? [])])];
}
