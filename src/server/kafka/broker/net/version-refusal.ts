import { messageCodec } from "../protocol/codec.ts";
import { ErrorCode } from "../protocol/errors.ts";
import { encodeResponse } from "../protocol/header.ts";
import { apiVersions } from "../protocol/messages/api-versions.ts";
import type { ApiRegistry } from "../protocol/registry.ts";

/**
 * The answer to a version of ApiVersions that is newer than this broker: in the form of version 0, which every client
 * reads, with nothing in it but the versions of ApiVersions itself (KIP-511).
 */
export function refuseVersion(correlationId: number, registry: ApiRegistry): Buffer[] {
  const apiKeys = registry.advertised.filter(({ apiKey }) => apiKey === apiVersions.key);
  return encodeResponse(correlationId, false, (to) =>
    messageCodec(apiVersions, apiVersions.response, 0).write(to, {
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      apiKeys,
    }),
  );
}
