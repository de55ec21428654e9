/** A broker of the Kafka protocol with durable logs, for one machine: a library of its own within the server. */
export { type Broker, type BrokerListener, startBroker } from "./broker.ts";
export { systemClock } from "./clock.ts";
export type { RequestObserver } from "./handlers/timed.ts";
export { openLogStore } from "./log/store.ts";
export { TokenBuckets } from "./quotas.ts";
export { type Accounts, type ScramAttempt, type SignedIn, TooManyAttempts } from "./sasl/accounts.ts";
export { saslAuthenticator } from "./sasl/sasl-session.ts";
export {
  type AdminChange,
  type Auditor,
  type Authorizer,
  noQuotas,
  type Operation,
  type Principal,
  type Quotas,
  type Resource,
} from "./security.ts";
