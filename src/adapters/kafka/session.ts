import type { HealthCheck, Session } from "../../core/capabilities.ts";
import { PlugctlError, usageError } from "../../core/errors.ts";
import type { Connection } from "../adapter.ts";
import { openKafka } from "./kafkajs/index.ts";
import type { KafkaPort } from "./port.ts";

/** Brokers know users and passwords, and no tokens: what signs in is what is kept. */
export function createSession(connection: Connection): Session {
  const { target, kafka } = connection;

  async function signIn(user: string, password: string): Promise<void> {
    if (kafka?.sasl === undefined) {
      throw usageError(`target "${target}" does not say how clients sign in`, {
        hint: "add it with --sasl plain, scram-sha-256 or scram-sha-512",
      });
    }
    const port = openKafka(connection, { user, password });
    try {
      await port.admin.cluster();
    } finally {
      await port.close();
    }
  }

  return {
    async login({ login, password }) {
      await signIn(login, password);
      return { token: password, login };
    },
    async whoami(token) {
      const login = kafka?.user ?? (await connection.login());
      const password = token ?? (await connection.credential());
      if (login === undefined) {
        throw usageError(`target "${target}" does not say whose password that is`, {
          hint: "add it with --user, or sign in with --user and --password-stdin",
        });
      }
      if (password === undefined) {
        throw new PlugctlError("UNAUTHENTICATED", `you are not signed in to ${target}`);
      }
      await signIn(login, password);
      return { login, roles: [], expiresAt: null };
    },
    // There is nothing to revoke.
    async logout() {},
  };
}

export function createHealthCheck(connection: Connection, port: KafkaPort): HealthCheck {
  return {
    async check() {
      const { clusterId, brokers } = await port.admin.cluster();
      const { kafka } = connection;
      const login = kafka?.sasl === undefined ? null : ((await connection.login()) ?? kafka.user ?? null);
      return { product: "kafka", version: null, login, clusterId, brokers };
    },
  };
}
