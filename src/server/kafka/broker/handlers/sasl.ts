import { ErrorCode } from "../protocol/errors.ts";
import { saslAuthenticate } from "../protocol/messages/sasl-authenticate.ts";
import { saslHandshake } from "../protocol/messages/sasl-handshake.ts";
import { type Route, route } from "../protocol/registry.ts";

/** The way of a connection to its principal: a mechanism is chosen, then tokens go to and fro. */
export const saslRoutes = (): Route[] => [
  route(
    saslHandshake,
    async ({ mechanism }, { apiVersion, connection }) => {
      const answer = connection.session.handshake(mechanism, apiVersion);
      if (answer.errorCode !== ErrorCode.NONE) connection.closeAfterReply();
      return answer;
    },
    { beforeAuthentication: true },
  ),
  route(
    saslAuthenticate,
    async ({ authBytes }, { connection }) => {
      const { errorCode, errorMessage, token, sessionLifetimeMs } =
        await connection.session.authenticate(authBytes);
      if (errorCode !== ErrorCode.NONE) connection.closeAfterReply();
      return { errorCode, errorMessage, authBytes: token, sessionLifetimeMs };
    },
    { beforeAuthentication: true },
  ),
];
