import { ErrorCode } from "../protocol/errors.ts";
import { apiVersions } from "../protocol/messages/api-versions.ts";
import { type ApiRegistry, type Route, route } from "../protocol/registry.ts";

/** What a client may call itself, since version 3 (KIP-511). */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/** Tells what the registry holds, which this route is a part of. */
export const apiVersionsRoute = (registry: ApiRegistry): Route =>
  route(
    apiVersions,
    async ({ clientSoftwareName, clientSoftwareVersion }, { apiVersion }) => {
      const named = SOFTWARE.test(clientSoftwareName) && SOFTWARE.test(clientSoftwareVersion);
      if (apiVersion >= 3 && !named) return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] };
      return { errorCode: ErrorCode.NONE, apiKeys: registry.advertised };
    },
    { beforeAuthentication: true },
  );
