import type { FastifyRequest } from "fastify";
import { PERMISSIONS } from "../../core/permissions.ts";
import type { AuditLog } from "../events/audit.ts";
import { originOf } from "../http/origin.ts";
import { Problem } from "../http/problem.ts";
import type { BrowserSessions } from "./browser-sessions.ts";
import type { IdentityDatabase } from "./changes.ts";
import type { Principal } from "./identity.ts";
import type { PasswordCheck } from "./passwords.ts";
import { EVERYTHING } from "./rights.ts";
import type { Sessions, SessionTokens } from "./sessions.ts";
import { deleteExpiredTokens, insertToken } from "./tokens.ts";

export interface PasswordLogin {
  login: string;
  password: string;
}

/** Signing in with a password, in every form that the server offers it. Each attempt is audited and throttled. */
export interface Logins {
  /** @throws Problem 401 `login_failed`, 429. */
  withPassword(request: FastifyRequest, attempt: PasswordLogin): Promise<SessionTokens>;
  /** A token until then, with all that the user may. @throws Problem 401 `login_failed`, 429. */
  forToken(
    request: FastifyRequest,
    attempt: PasswordLogin,
    wanted: { note: string; expiresAt: Date },
  ): Promise<string>;
  /** Forgets the tokens of that note that have expired: clients that sign in time and again leave many. */
  forgetExpiredTokens(note: string): Promise<void>;
  /** Trades a refresh token in. @throws Problem 401. */
  refresh(request: FastifyRequest, refreshToken: string): Promise<SessionTokens>;
  /** The value of a cookie that `ofBrowser` knows. @throws Problem 401 `login_failed`, 429. */
  forBrowser(request: FastifyRequest, attempt: PasswordLogin): Promise<string>;
  /** Who a browser's cookie belongs to. */
  ofBrowser(cookie: string): Promise<Principal | null>;
  endBrowser(cookie: string): Promise<void>;
}

export interface LoginDependencies {
  db: IdentityDatabase;
  audit: AuditLog;
  passwords: PasswordCheck;
  sessions: Sessions;
  browsers: BrowserSessions;
  now: () => Date;
}

export function createLogins({ db, audit, passwords, sessions, browsers, now }: LoginDependencies): Logins {
  async function refuse(request: FastifyRequest, login: string): Promise<Problem> {
    await audit.record({
      actor: null,
      action: "login",
      resource: `user:${login.slice(0, 64)}`,
      outcome: "denied",
      ...originOf(request),
    });
    return new Problem(401, "login_failed", "the login or the password is wrong");
  }

  /** Checks the password, then begins a session in one transaction with its row in the audit log. */
  async function begin<Session>(
    request: FastifyRequest,
    { login, password }: PasswordLogin,
    start: (trx: IdentityDatabase, userId: string) => Promise<Session>,
  ): Promise<Session> {
    const origin = originOf(request);
    const userId = await passwords.check(login, password, origin.ip);
    if (userId === undefined) throw await refuse(request, login);
    return db.transaction().execute(async (trx) => {
      const at = now().toISOString();
      await trx.updateTable("user").set({ last_login_at: at }).where("id", "=", userId).execute();
      const actor = { userId, login, tokenId: null };
      await audit.record(
        { actor, action: "login", resource: `user:${login}`, outcome: "ok", ...origin },
        trx,
      );
      return start(trx, userId);
    });
  }

  return {
    withPassword: (request, attempt) => begin(request, attempt, sessions.begin),
    forBrowser: (request, attempt) => begin(request, attempt, browsers.begin),
    forToken: (request, attempt, { note, expiresAt }) =>
      begin(request, attempt, async (trx, userId) => {
        const wanted = {
          userId,
          note,
          scopes: PERMISSIONS,
          resources: [EVERYTHING],
          createdBy: attempt.login,
        };
        return (await insertToken(trx, { ...wanted, expiresAt }, now())).token;
      }),
    forgetExpiredTokens: (note) => deleteExpiredTokens(db, note, now()),
    ofBrowser: (cookie) => browsers.find(cookie),
    endBrowser: (cookie) => browsers.end(cookie),
    async refresh(request, refreshToken) {
      try {
        return await sessions.refresh(refreshToken);
      } catch (error) {
        await audit.record({
          actor: null,
          action: "login.refresh",
          resource: "server",
          outcome: "denied",
          ...originOf(request),
        });
        throw error;
      }
    },
  };
}
