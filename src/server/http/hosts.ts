import { isIP } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Problem } from "./problem.ts";

/** The host name of a Host header, without port and brackets, in lower case. */
export function hostName(header: string): string | undefined {
  return /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d+)?$/i
    .exec(header)
    ?.slice(1)
    .find((part) => part !== undefined)
    ?.toLowerCase();
}

/** True for a name or address that only ever means this machine. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  if (name === "localhost" || name === "::1") return true;
  return name.startsWith("127.") && isIP(name) === 4;
}

/**
 * Refuses requests to a loopback server under a foreign name: a web page could have pointed its own name at
 * 127.0.0.1 and would read the answers as its own (DNS rebinding). What comes through the Unix socket is exempt, and
 * names that a module answers for are known.
 */
export function addHostCheck(
  app: FastifyInstance,
  publicUrl: string | undefined,
  isKnown: (request: FastifyRequest) => boolean,
): void {
  const publicHost = publicUrl === undefined ? undefined : hostName(new URL(publicUrl).host);
  app.addHook("onRequest", (request, _reply, done) => {
    const { host } = request.headers;
    const name = host === undefined ? undefined : hostName(host);
    if (
      request.socket.remoteAddress === undefined ||
      (name !== undefined && (isLoopback(name) || name === publicHost)) ||
      isKnown(request)
    ) {
      done();
      return;
    }
    done(
      new Problem(
        421,
        "host_not_allowed",
        "this server does not answer under that name; --public-url allows one",
      ),
    );
  });
}
