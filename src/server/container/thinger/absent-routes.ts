import type { FastifyInstance, FastifyRequest } from "fastify";
import { Problem } from "../../http/problem.ts";

/** What plugins in the wild ask for and a server of plugins does not have. */
const ABSENT = ["devices", "buckets"];

/** Answers calls for devices and buckets with a clear 404 in the platform's shape. */
export function absentRoutes(app: FastifyInstance): void {
  const refuse = async (request: FastifyRequest) => {
    const [, , , , kind] = request.url.split(/[/?]/);
    throw new Problem(404, "not_found", `this server has plugins only, and no ${kind}`);
  };
  for (const version of ["v1", "v2", "v3"]) {
    for (const kind of ABSENT) {
      for (const rest of ["", "/*"]) {
        app.all(`/${version}/users/:user/${kind}${rest}`, { schema: { hide: true } }, refuse);
      }
    }
  }
}
