import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { jsonSchemaTransform } from "fastify-type-provider-zod";

const DESCRIPTION = `Failures are answered as \`application/problem+json\`; switch on \`code\`.
Credentials go into a header, never into the URL.`;

/** OpenAPI 3.1 of every route at `/docs/json`, with Swagger UI at `/docs`. Register it before the routes. */
export async function addOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "plugctl server", version, description: DESCRIPTION },
      components: {
        securitySchemes: {
          bearer: {
            type: "http",
            scheme: "bearer",
            description: "a token (plc_…) or an access token of a login",
          },
          apiKey: { type: "apiKey", in: "header", name: "x-api-key", description: "a token (plc_…)" },
          basic: { type: "http", scheme: "basic", description: "login and password, or login and token" },
        },
      },
      security: [{ bearer: [] }, { apiKey: [] }, { basic: [] }],
    },
    transform: jsonSchemaTransform,
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    // The page's own files and inline hashes only; Swagger UI draws its icons from data URLs.
    staticCSP: {
      "default-src": "'none'",
      "base-uri": "'none'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
      "connect-src": "'self'",
      "font-src": "'self'",
      "img-src": "'self' data:",
      "script-src": "'self'",
      "style-src": "'self' 'unsafe-inline'",
    },
  });
}
