import { hostname } from "node:os";
import { isLoopback } from "../../http/hosts.ts";

/** How plugins reach the server that runs them: what `THINGER_HOST` and the ports tell them. */
export interface Platform {
  host: string;
  httpPort?: number;
  httpsPort?: number;
  /** False when containers cannot get there: the server listens to its own machine only. */
  isReachable: boolean;
}

/** From the server's public URL; without one only its own machine is served. */
export function platformOf(publicUrl: string | undefined): Platform {
  if (publicUrl === undefined) return { host: hostname(), isReachable: false };
  const { hostname: name, port, protocol } = new URL(publicUrl);
  const host = name.replace(/^\[|\]$/g, "");
  const number = port === "" ? undefined : Number(port);
  return {
    host,
    isReachable: !isLoopback(host),
    ...(number === undefined ? {} : protocol === "https:" ? { httpsPort: number } : { httpPort: number }),
  };
}
