import { toPlugctlError } from "../../../core/errors.ts";
import type { PlannedProxy } from "../../../core/marketplace/plan.ts";
import type { Proxies, ProxyDefinition } from "../proxies/proxies.ts";
import type { PluginOwner } from "../tokens/plugin-tokens.ts";

/** Where the proxies of entries listen: an administrator may open them further. */
const LOOPBACK = "127.0.0.1";

/** Opens what an entry asks for. Returns what could not be honoured. @throws CONFLICT for a port that is taken. */
export async function openProxies(
  proxies: Proxies,
  owner: PluginOwner,
  planned: readonly PlannedProxy[],
): Promise<string[]> {
  for (const proxy of planned) await proxies.create(owner, toProxy(proxy));
  return planned
    .filter(({ source }) => source.secure)
    .map(({ id }) => `the proxy ${id} speaks no TLS at its port, as this server has none there`);
}

/** The plugin has its new version already: a port that cannot be opened is told, and undoes nothing. */
export async function renewProxies(
  proxies: Proxies,
  owner: PluginOwner,
  planned: readonly PlannedProxy[],
): Promise<string[]> {
  try {
    await proxies.deleteOf(owner.user, owner.plugin);
    return await openProxies(proxies, owner, planned);
  } catch (error) {
    return [`not all proxies are open: ${toPlugctlError(error).message}`];
  }
}

function toProxy({
  id,
  name,
  description,
  enabled,
  protocol,
  source,
  target,
}: PlannedProxy): ProxyDefinition {
  return {
    proxy: id,
    name,
    ...(description === null ? {} : { description }),
    enabled,
    config: { protocol, source: { port: source.port, secure: false, address: LOOPBACK }, target },
  };
}
