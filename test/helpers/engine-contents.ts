import type Docker from "dockerode";

/** Of Docker's and Podman's own making. */
const OWN_NETWORKS = ["none", "host", "bridge", "podman"];

/** Everything on an engine that a plugin can bring. */
export async function engineContents(api: Docker) {
  const [containers, { Volumes }, networks] = await Promise.all([
    api.listContainers({ all: true }),
    api.listVolumes(),
    api.listNetworks(),
  ]);
  return {
    containers: containers.map(({ Names }) => Names[0]).sort(),
    volumes: (Volumes ?? []).map(({ Name }) => Name).sort(),
    networks: networks.map(({ Name }) => Name).filter((name) => !OWN_NETWORKS.includes(name)),
  };
}
