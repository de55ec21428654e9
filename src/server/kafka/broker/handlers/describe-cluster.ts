import { ErrorCode } from "../protocol/errors.ts";
import { describeCluster } from "../protocol/messages/describe-cluster.ts";
import { type Route, route } from "../protocol/registry.ts";
import { authorizedOperations } from "../security.ts";
import { type AdminApiSurroundings, CLUSTER } from "./admin-surroundings.ts";

const BROKERS = 1;

/** Names the one broker, which is the controller too. */
export const describeClusterRoute = (around: AdminApiSurroundings): Route =>
  route(describeCluster, async (request, { principal, connection }) => {
    const { clusterId, nodeId, authorizer } = around;
    if (request.endpointType !== BROKERS) {
      const errorMessage = "this is a broker; controllers have no address of their own here";
      const { endpointType } = request;
      return {
        errorCode: ErrorCode.MISMATCHED_ENDPOINT_TYPE,
        errorMessage,
        endpointType,
        clusterId,
        brokers: [],
      };
    }
    return {
      errorCode: ErrorCode.NONE,
      clusterId,
      controllerId: nodeId,
      brokers: [{ brokerId: nodeId, ...connection.advertised }],
      ...(request.includeClusterAuthorizedOperations && {
        clusterAuthorizedOperations: authorizedOperations(authorizer, principal, CLUSTER),
      }),
    };
  });
