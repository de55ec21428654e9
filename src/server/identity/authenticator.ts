import { timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { errors } from "jose";
import type { Kysely } from "kysely";
import { LRUCache } from "lru-cache";
import type { Permission } from "../../core/permissions.ts";
import { originOf } from "../http/origin.ts";
import { bearer, type Credential, invalidCredential, readCredential } from "./credentials.ts";
import type { Principal } from "./identity.ts";
import type { PasswordCheck } from "./passwords.ts";
import type { Grant, Rights, TokenLimits } from "./rights.ts";
import { BUILT_IN_ROLES } from "./roles.ts";
import type { SigningKeys } from "./signing-keys.ts";
import type { IdentityTables } from "./tables.ts";
import { hashSecret, parseToken } from "./token-format.ts";

const TOUCH_INTERVAL_MS = 60_000;

/** What is known of a caller after the credential was checked. */
export interface Caller {
  principal: Principal;
  name: string | null;
  rights: Rights;
  roles: { role: string; provider: string | null }[];
  /** When the credential ends; null for a password. */
  expiresAt: string | null;
}

export interface Authenticator {
  /** Checks the request's credential. @throws Problem 401 when it is bad, 429 when there were too many passwords. */
  authenticate(request: FastifyRequest): Promise<Caller | null>;
  /** Checks a token that came otherwise than as a request's credential. @throws Problem 401. */
  authenticateToken(token: string, ip: string): Promise<Caller>;
  /** The caller's present roles and limits, for a principal from elsewhere; null when it may not act any more. */
  load(principal: Principal): Promise<Rights | null>;
}

export interface AuthenticatorDependencies {
  db: Kysely<IdentityTables>;
  keys: SigningKeys;
  passwords: PasswordCheck;
  now: () => Date;
}

interface Identified {
  userId: string;
  login: string;
  name: string | null;
  tokenId: string | null;
  limits: TokenLimits | null;
  expiresAt: string | null;
}

/** The server-wide and provider roles of a user, and what they grant. */
export async function loadRoles(db: Kysely<IdentityTables>, userId: string) {
  const rows = await db
    .selectFrom("membership")
    .leftJoin("role", "role.id", "membership.role")
    .select(["membership.role", "membership.provider_id", "role.permissions"])
    .where("membership.user_id", "=", userId)
    .execute();
  const grants = rows.flatMap((row): Grant[] => {
    const custom: Permission[] = row.permissions === null ? [] : JSON.parse(row.permissions);
    const permissions = BUILT_IN_ROLES.get(row.role)?.permissions ?? custom;
    return permissions.map((permission) => ({ permission, provider: row.provider_id }));
  });
  return { roles: rows.map((row) => ({ role: row.role, provider: row.provider_id })), grants };
}

export function createAuthenticator({ db, keys, passwords, now }: AuthenticatorDependencies): Authenticator {
  const touched = new LRUCache<string, number>({ max: 10_000 });

  const tokenById = (id: string) =>
    db
      .selectFrom("token")
      .innerJoin("user", "user.id", "token.user_id")
      .select([
        "token.id as tokenId",
        "token.hash",
        "token.scopes",
        "token.resources",
        "token.expires_at as expiresAt",
        "token.revoked_at as revokedAt",
        "user.id as userId",
        "user.login",
        "user.name",
        "user.state",
      ])
      .where("token.id", "=", id)
      .executeTakeFirst();

  const parseLimits = (row: { scopes: string; resources: string }): TokenLimits => ({
    scopes: JSON.parse(row.scopes),
    resources: JSON.parse(row.resources),
  });

  /** Notes the use of a token, at most once a minute: it is a write on the path of every request. */
  async function touch(id: string, ip: string): Promise<void> {
    const time = now().getTime();
    if (time - (touched.get(id) ?? 0) < TOUCH_INTERVAL_MS) return;
    touched.set(id, time);
    await db
      .updateTable("token")
      .set({ last_used_at: now().toISOString(), last_used_ip: ip })
      .where("id", "=", id)
      .execute();
  }

  async function byToken(token: string, ip: string): Promise<Identified> {
    const parsed = parseToken(token);
    const row = parsed && (await tokenById(parsed.id));
    const right =
      row !== undefined &&
      timingSafeEqual(Buffer.from(row.hash, "hex"), Buffer.from(hashSecret(token), "hex"));
    if (!right || row.revokedAt !== null || row.state !== "active") {
      throw invalidCredential("the token is not valid");
    }
    if (row.expiresAt <= now().toISOString())
      throw invalidCredential("the token has expired", "token_expired");
    await touch(row.tokenId, ip);
    const { userId, login, name, tokenId, expiresAt } = row;
    return { userId, login, name, tokenId, expiresAt, limits: parseLimits(row) };
  }

  async function byJwt(jwt: string): Promise<Identified> {
    const claims = await keys.verify(jwt).catch((cause: unknown) => {
      if (cause instanceof errors.JWTExpired) {
        throw invalidCredential("the access token has expired", "token_expired", cause);
      }
      throw invalidCredential("the access token is not valid", "token_invalid", cause);
    });
    const user = await db
      .selectFrom("session")
      .innerJoin("user", "user.id", "session.user_id")
      .select(["user.id", "user.login", "user.name", "user.state"])
      .where("session.id", "=", String(claims.sid))
      .where("user.id", "=", String(claims.sub))
      .executeTakeFirst();
    if (user?.state !== "active") throw invalidCredential("the session has ended; log in again");
    const expiresAt = new Date(Number(claims.exp) * 1000).toISOString();
    return { userId: user.id, login: user.login, name: user.name, tokenId: null, expiresAt, limits: null };
  }

  async function byPassword(login: string, password: string, ip: string): Promise<Identified> {
    const id = await passwords.check(login, password, ip);
    if (id === undefined) throw invalidCredential("the login or the password is wrong", "login_failed");
    const user = await db
      .selectFrom("user")
      .select(["login", "name"])
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    return { userId: id, ...user, tokenId: null, expiresAt: null, limits: null };
  }

  function identify(credential: Credential, ip: string): Promise<Identified> {
    switch (credential.kind) {
      case "token":
        return byToken(credential.token, ip);
      case "jwt":
        return byJwt(credential.jwt);
      case "password":
        return byPassword(credential.login, credential.password, ip);
    }
  }

  async function load(credential: Credential, ip: string): Promise<Caller> {
    const { userId, login, name, tokenId, expiresAt, limits } = await identify(credential, ip);
    const { roles, grants } = await loadRoles(db, userId);
    return { principal: { userId, login, tokenId }, name, rights: { grants, limits }, roles, expiresAt };
  }

  return {
    async authenticate(request) {
      const credential = readCredential(request);
      return credential === null ? null : load(credential, originOf(request).ip);
    },
    authenticateToken: (token, ip) => load(bearer(token), ip),
    async load({ userId, tokenId }) {
      const user = await db.selectFrom("user").select("state").where("id", "=", userId).executeTakeFirst();
      const token = tokenId === null ? undefined : await tokenById(tokenId);
      const tokenIsGood =
        tokenId === null ||
        (token !== undefined && token.revokedAt === null && token.expiresAt > now().toISOString());
      if (user?.state !== "active" || !tokenIsGood) return null;
      const { grants } = await loadRoles(db, userId);
      return { grants, limits: token ? parseLimits(token) : null };
    },
  };
}
