import type { ContainerTarget } from "../../core/container-target.ts";

/** A server that answers Thinger.io's plugin API. Engines write `tcp:`, with or without TLS. */
export const isServer = ({
  url,
  container,
}: {
  url: string;
  container?: ContainerTarget | undefined;
}): boolean => container?.thinger === true || /^https?:/.test(url);
