import type { Permission } from "../../core/permissions.ts";
import type { ScramKeys, ScramMechanism } from "../../core/scram.ts";
import { Problem } from "../http/problem.ts";
import { type Authenticator, loadRoles } from "./authenticator.ts";
import type { IdentityDatabase } from "./changes.ts";
import type { FailureAudit } from "./failure-audit.ts";
import type { Principal, Scope } from "./identity.ts";
import type { PasswordCheck } from "./passwords.ts";
import { type Rights, rightsAllow } from "./rights.ts";
import { findScramKeys, loadKeyForger } from "./scram-keys.ts";
import type { LoginThrottle } from "./throttle.ts";
import { TOKEN_PREFIX } from "./token-format.ts";

/** Who speaks on a connection, as of the moment when it was looked up. */
export interface ConnectionLogin {
  readonly principal: Principal;
  /** ISO 8601; null for a password. */
  readonly expiresAt: string | null;
  allows(permission: Permission, scope?: Scope): boolean;
}

export interface ScramLogin {
  /** Made up where there is no such user. */
  readonly keys: ScramKeys;
  /**
   * Lets the proof be checked and counts the attempt.
   * @returns null when it is wrong. @throws Problem 429.
   */
  settle(isRight: () => boolean): Promise<ConnectionLogin | null>;
}

/**
 * Signing in on connections that are no HTTP requests. They last, so what holds of a login is asked for again and again.
 * Attempts are throttled as those over HTTP, and those that fail audited like them.
 */
export interface ConnectionLogins {
  /** With a password, or a token in its place (the name before it does not matter then). @throws Problem 429. */
  withSecret(login: string, secret: string, ip: string): Promise<ConnectionLogin | null>;
  withScram(mechanism: ScramMechanism, login: string, ip: string): Promise<ScramLogin>;
  /** The login as it is now; null when its user or token may not be used any more, or the password is another. */
  renew(login: ConnectionLogin): Promise<ConnectionLogin | null>;
}

export interface ConnectionLoginDependencies {
  db: IdentityDatabase;
  authenticator: Authenticator;
  passwords: PasswordCheck;
  throttle: LoginThrottle;
  failures: FailureAudit;
}

class Login implements ConnectionLogin {
  readonly principal: Principal;
  readonly expiresAt: string | null;
  readonly #rights: Rights;
  /** Of the password that was given; null for a token. */
  readonly passwordHash: string | null;

  constructor(
    principal: Principal,
    rights: Rights,
    { expiresAt, passwordHash }: { expiresAt: string | null; passwordHash: string | null },
  ) {
    this.principal = principal;
    this.expiresAt = expiresAt;
    this.#rights = rights;
    this.passwordHash = passwordHash;
  }

  allows(permission: Permission, scope?: Scope): boolean {
    return rightsAllow(this.#rights, permission, scope);
  }
}

export async function createConnectionLogins({
  db,
  authenticator,
  passwords,
  throttle,
  failures,
}: ConnectionLoginDependencies): Promise<ConnectionLogins> {
  const forge = await loadKeyForger(db);

  async function byPassword(userId: string, login: string, passwordHash: string): Promise<Login> {
    const { grants } = await loadRoles(db, userId);
    const principal = { userId, login, tokenId: null };
    return new Login(principal, { grants, limits: null }, { expiresAt: null, passwordHash });
  }

  async function byToken(token: string, ip: string): Promise<Login | null> {
    try {
      const { principal, rights, expiresAt } = await authenticator.authenticateToken(token, ip);
      return new Login(principal, rights, { expiresAt, passwordHash: null });
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return null;
      throw error;
    }
  }

  const userByLogin = (login: string) =>
    db.selectFrom("user").select(["id", "password"]).where("login", "=", login).executeTakeFirst();

  async function refuse(ip: string, detail: Record<string, unknown>): Promise<null> {
    await failures.record({ ip, requestId: null }, detail);
    return null;
  }

  return {
    async withSecret(login, secret, ip) {
      if (secret.startsWith(TOKEN_PREFIX)) {
        return (await byToken(secret, ip)) ?? refuse(ip, { code: "token_invalid" });
      }
      // Read first: should the password change meanwhile, the login is that of the one before, and ends.
      const user = await userByLogin(login);
      const id = await passwords.check(login, secret, ip);
      if (id === undefined || user === undefined) return refuse(ip, { code: "login_failed" });
      return byPassword(id, login, user.password);
    },
    async withScram(mechanism, login, ip) {
      const found = await findScramKeys(db, mechanism, login);
      const forged = forge(mechanism, login);
      return {
        keys: found?.keys ?? forged,
        async settle(isRight) {
          throttle.begin(login, ip);
          // Both are checked, so that the time tells nothing.
          const fits = isRight();
          if (!fits || found === undefined) return refuse(ip, { code: "login_failed" });
          throttle.succeeded(login, ip);
          return byPassword(found.userId, login, found.passwordHash);
        },
      };
    },
    async renew(login) {
      if (!(login instanceof Login)) throw new Error("this login was made elsewhere");
      const { principal, expiresAt, passwordHash } = login;
      if (passwordHash === null) {
        const rights = await authenticator.load(principal);
        return rights && new Login(principal, rights, { expiresAt, passwordHash });
      }
      const user = await db
        .selectFrom("user")
        .select(["password", "state"])
        .where("id", "=", principal.userId)
        .executeTakeFirst();
      if (user?.state !== "active" || user.password !== passwordHash) return null;
      return byPassword(principal.userId, principal.login, passwordHash);
    },
  };
}
