/** A plugin within a host: `official/admin-ui`. */
export interface PluginId {
  namespace: string;
  name: string;
}

/** Section of every package that is a plugin: what makes it one to wazo-plugind (spec, section 4.1). */
export const PLUGIN_SECTION = "wazo-plugind-plugin";

/** Name of the Debian package of a plugin (spec, section 4.1). */
export const packageName = ({ namespace, name }: PluginId): string => `wazo-plugind-${name}-${namespace}`;

/** The plugin of a package; undefined for the name of any other package. The name is greedy, as the original reads it. */
export function pluginOfPackage(packageName: string): PluginId | undefined {
  const [, name, namespace] = /^wazo-plugind-([a-z0-9-]+)-([a-z0-9]+)$/.exec(packageName) ?? [];
  return name === undefined || namespace === undefined ? undefined : { namespace, name };
}
