import type { Logger } from "pino";
import { Counter, type Registry } from "prom-client";
import type { ScramMechanism } from "../../../core/scram.ts";
import { Problem } from "../../http/problem.ts";
import type { ConnectionLogin, ConnectionLogins } from "../../identity/connection-logins.ts";
import type { Principal as User } from "../../identity/identity.ts";
import {
  type Accounts,
  type Authorizer,
  type Principal,
  type ScramAttempt,
  type SignedIn,
  TooManyAttempts,
} from "../broker/index.ts";
import { type Access, accessOfPlugin, accessOfUser, noAccess, type TopicGrant } from "./access.ts";

/** The server's user behind a connection, with what they may do now. */
class Account implements Principal, SignedIn {
  readonly name: string;
  readonly user: User;
  login: ConnectionLogin | null;
  access: Access;
  readonly #onRelease: (account: Account) => void;

  constructor(
    login: ConnectionLogin,
    { name, access }: { name: string; access: Access },
    onRelease: (account: Account) => void,
  ) {
    this.name = name;
    this.user = login.principal;
    this.login = login;
    this.access = access;
    this.#onRelease = onRelease;
  }

  get principal(): Principal {
    return this;
  }

  get endsAt(): number {
    if (this.login === null) return 0;
    const { expiresAt } = this.login;
    return expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
  }

  release(): void {
    this.#onRelease(this);
  }
}

/** The user behind a principal of the broker's; undefined for one that nobody signed in as. */
export const userOf = (principal: Principal): User | undefined =>
  principal instanceof Account ? principal.user : undefined;

/** Asks what was looked up when the client signed in, or since then. */
export const accountAuthorizer: Authorizer = {
  authorize: (principal, operation, resource) =>
    principal instanceof Account && principal.access(operation, resource),
};

export interface UserAccountsOptions {
  readonly logins: ConnectionLogins;
  /** What a token reaches that was made for a plugin; undefined for every other token. */
  readonly grantOf: (tokenId: string) => TopicGrant | undefined;
  readonly log: Pick<Logger, "error">;
  readonly metrics: Registry;
}

/**
 * The server's users as those of the broker. A connection lasts, so it is looked up again and again whether its user may still
 * do what they may: `renew` ends those of users and tokens that are no longer good.
 */
export class UserAccounts implements Accounts {
  readonly #options: UserAccountsOptions;
  readonly #attempts: Counter<"mechanism" | "outcome">;
  /** Of open connections. */
  readonly #open = new Set<Account>();
  #renewing: Promise<void> | undefined;
  #renewAgain = false;

  constructor(options: UserAccountsOptions) {
    this.#options = options;
    this.#attempts = new Counter({
      name: "plugctl_kafka_authentications_total",
      help: "Attempts of Kafka clients to sign in",
      labelNames: ["mechanism", "outcome"],
      registers: [options.metrics],
    });
  }

  byPassword(user: string, password: string, address: string): Promise<SignedIn | undefined> {
    return this.#attempt("PLAIN", () => this.#options.logins.withSecret(user, password, address));
  }

  async byScram(mechanism: ScramMechanism, user: string, address: string): Promise<ScramAttempt> {
    const { keys, settle } = await this.#options.logins.withScram(mechanism, user, address);
    return { keys, settle: (isRight) => this.#attempt(mechanism, () => settle(isRight)) };
  }

  /** Looks up anew what all who are connected may do. Calls during a run lead to one more after it. */
  renew(): Promise<void> {
    if (this.#renewing !== undefined) {
      this.#renewAgain = true;
      return this.#renewing;
    }
    this.#renewing = this.#renewAll().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renewAll(): Promise<void> {
    do {
      this.#renewAgain = false;
      for (const account of this.#open) await this.#renew(account);
    } while (this.#renewAgain);
  }

  async #renew(account: Account): Promise<void> {
    if (account.login === null) return;
    try {
      account.login = await this.#options.logins.renew(account.login);
      account.access = account.login === null ? noAccess : this.#rightsOf(account.login).access;
    } catch (err) {
      this.#options.log.error({ err, user: account.user.login }, "rights on topics could not be looked up");
    }
  }

  async #attempt(
    mechanism: string,
    attempt: () => Promise<ConnectionLogin | null>,
  ): Promise<SignedIn | undefined> {
    try {
      const login = await attempt();
      this.#attempts.inc({ mechanism, outcome: login === null ? "refused" : "ok" });
      return login === null ? undefined : this.#signIn(login);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 429) throw error;
      this.#attempts.inc({ mechanism, outcome: "throttled" });
      throw new TooManyAttempts(error.message, { cause: error });
    }
  }

  #signIn(login: ConnectionLogin): Account {
    const account = new Account(login, this.#rightsOf(login), (one) => this.#open.delete(one));
    this.#open.add(account);
    return account;
  }

  #rightsOf(login: ConnectionLogin): { name: string; access: Access } {
    const { tokenId, login: name } = login.principal;
    const grant = tokenId === null ? undefined : this.#options.grantOf(tokenId);
    return grant === undefined
      ? { name, access: accessOfUser(login) }
      : { name: `plugin:${grant.plugin}`, access: accessOfPlugin(grant) };
  }
}
