/** What a target of kind `container` has beside its URL. */
export interface ContainerTarget {
  /** The URL is that of a Thinger.io server, or of another that answers its API, instead of an engine's. */
  thinger?: boolean | undefined;
  /** Whose plugins these are. */
  user?: string | undefined;
  /** The engine is a Swarm manager: a plugin becomes a service. */
  swarm?: boolean | undefined;
  /** PEM files of a client's certificate and its key. */
  cert?: string | undefined;
  key?: string | undefined;
  /** Locations of catalogues, in the order in which they are searched. */
  catalogues?: readonly string[] | undefined;
  /** Host name at which users reach the plugins. */
  host?: string | undefined;
}
