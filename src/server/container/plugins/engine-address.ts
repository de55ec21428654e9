import { existsSync } from "node:fs";
import { type EngineAddress, parseAddress } from "../../../engine/address.ts";

const DEFAULT_SOCKET = "/var/run/docker.sock";
const HOW = "give one with --docker SOCKET|URL";

/**
 * The engine that runs plugins: the one that was named, the environment's, or Docker's usual socket.
 * @param given path of a socket, or an address as `parseAddress` reads it.
 * @throws USAGE for what is no address; a plain Error with the way to get one when there is none.
 */
export function engineAddress(given: string | undefined, env: NodeJS.ProcessEnv): EngineAddress {
  const address = given ?? env.DOCKER_HOST;
  if (address !== undefined && address !== "") {
    return parseAddress(address.startsWith("/") ? `unix://${address}` : address);
  }
  if (!existsSync(DEFAULT_SOCKET))
    throw new Error(`there is no container engine at ${DEFAULT_SOCKET}: ${HOW}`);
  return parseAddress(`unix://${DEFAULT_SOCKET}`);
}
