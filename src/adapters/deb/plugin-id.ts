import type { PluginId } from "../../core/deb/package-name.ts";
import { notFoundError } from "../../core/errors.ts";

/** @throws NOT_FOUND for a name without a namespace, which no plugin of this kind can have. */
export function pluginIdOf(name: string): PluginId {
  const [namespace, own, ...more] = name.split("/");
  if (namespace && own && more.length === 0) return { namespace, name: own };
  throw notFoundError(`there is no plugin ${name}`, {
    hint: "plugins of a Debian host are named namespace/name, for example official/admin-ui",
  });
}

export const nameOf = ({ namespace, name }: PluginId): string => `${namespace}/${name}`;

const OPERATION = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether it is the id of an operation, which stands in the place of a plugin's name in some commands. */
export const isOperationId = (text: string): boolean => OPERATION.test(text);
