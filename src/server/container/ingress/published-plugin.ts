/** A plugin with a web endpoint, as the ingress knows it. */
export interface PublishedPlugin {
  readonly user: string;
  readonly name: string;
  /** Its part of the address: `/p/<slug>/`, `<slug>.<domain>`. */
  readonly slug: string;
  readonly access: "public" | "private";
  /** What one address may ask for while it is public; null = without limit. */
  readonly requestsPerSecond: number | null;
  /** What the body of a request may have then; null = without limit. */
  readonly maxBodyBytes: number | null;
}

/** Where a plugin can be reached at the moment, or why not. */
export type Reach =
  | {
      readonly state: "running";
      /** `http://172.18.0.2:3000` */
      readonly origin: string;
      /** The prefix of its address is taken away before it sees a path. */
      readonly rewriteBasePath: boolean;
      /** It may not listen yet, so long after its start. */
      readonly startedAt: Date | null;
    }
  /** The engine's word: `exited`, `paused`, `restarting`. */
  | { readonly state: "away"; readonly nativeState: string }
  /** It has no web endpoint. */
  | { readonly state: "none" };

/** What the ingress asks the rest of the module. */
export interface PublishedPlugins {
  bySlug(slug: string): Promise<PublishedPlugin | undefined>;
  byName(user: string, name: string): Promise<PublishedPlugin | undefined>;
  /** Cheap: called for every request. */
  reach(plugin: PublishedPlugin): Promise<Reach>;
}

export const pluginKey = ({ user, name }: Pick<PublishedPlugin, "user" | "name">) => `${user}/${name}`;
