import type { EngineAddress } from "../../../engine/address.ts";
import type { Container } from "../../../engine/schema.ts";

export interface NetworkAddress {
  host: string;
  port: number;
}

const ANY: ReadonlySet<string> = new Set(["", "0.0.0.0", "::"]);

/**
 * Where this server reaches a port of a container: where the engine publishes it, else at the container's own address,
 * which only the engine's machine can. Undefined when there is no way.
 */
export function networkAddress(
  { NetworkSettings: { Ports, Networks } }: Pick<Container, "NetworkSettings">,
  port: number,
  { engine, protocol = "tcp" }: { engine: EngineAddress; protocol?: "tcp" | "udp" },
): NetworkAddress | undefined {
  const [published] = Ports[`${port}/${protocol}`] ?? [];
  if (published?.HostPort !== undefined && published.HostPort !== "") {
    const { HostIp = "", HostPort } = published;
    const local = engine.type === "socket" ? "127.0.0.1" : engine.host;
    return { host: ANY.has(HostIp) ? local : HostIp, port: Number(HostPort) };
  }
  if (engine.type !== "socket") return undefined;
  const [address] = Object.values(Networks).flatMap(({ IPAddress }) => (IPAddress ? [IPAddress] : []));
  return address === undefined ? undefined : { host: address, port };
}

export const toOrigin = ({ host, port }: NetworkAddress) =>
  `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
