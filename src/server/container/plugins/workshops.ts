import type { Workshop } from "../../../engine/install.ts";
import { dockerLogins, type RegistryLogin } from "../../../engine/registry-auth.ts";
import { namedVolumes } from "../../../engine/volumes.ts";
import type { EngineAccess } from "./engine-access.ts";

/** What it takes to make containers for users on the server's engine, with the registry logins of the server's own user. */
export class Workshops {
  readonly #engine: EngineAccess;
  readonly #logins: RegistryLogin = dockerLogins(process.env);

  constructor(engine: EngineAccess) {
    this.#engine = engine;
  }

  /** For some work that the signal ends. */
  within<T>(user: string, signal: AbortSignal, work: (shop: Workshop) => Promise<T>): Promise<T> {
    return this.#engine.within(user, signal, (scope) => work(this.#equip(scope)));
  }

  /** For calls that are done at once. */
  of(user: string): Workshop {
    return this.#equip(this.#engine.scope(user));
  }

  #equip(scope: ReturnType<EngineAccess["scope"]>): Workshop {
    return { ...scope, placement: namedVolumes(scope.user), login: this.#logins };
  }
}
