/** Labels on everything that plugctl makes on an engine. Without the first one a container is somebody else's. */
export const LABEL = {
  plugin: "io.plugctl.plugin",
  user: "io.plugctl.user",
  version: "io.plugctl.version",
  /** Where it came from, in the form that `install` takes. */
  origin: "io.plugctl.origin",
  /** sha256 of the marketplace entry's description. */
  manifestDigest: "io.plugctl.manifest-digest",
  /** Digest of the image in its registry, or the image's own id where it comes from none. */
  imageDigest: "io.plugctl.image-digest",
  description: "io.plugctl.description",
  /** JSON: what the container was made from (`Blueprint`), without the values of secrets. */
  blueprint: "io.plugctl.blueprint",
  /** JSON: digests of the files that were copied from the entry, by their place in the plan's layout. */
  copied: "io.plugctl.copied",
  /** Of a swarm's secret: the name of its file. */
  secret: "io.plugctl.secret",
  /** JSON: who is making this container, and what goes with it when it does not come to that (`Draft`). */
  transient: "io.plugctl.transient",
} as const;
