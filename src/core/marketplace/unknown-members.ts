import * as z from "zod/mini";

/**
 * Paths of members that a schema does not name, such as `task.restart` or `resources.proxies[0].colour`. What a
 * schema leaves open on purpose (`unknown`) is not looked into.
 */
export function unknownMembers(schema: z.core.$ZodType, value: unknown, path = ""): string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "optional":
      return value === undefined ? [] : unknownMembers(def.innerType, value, path);
    case "union": {
      const match = def.options.find((option) => z.safeParse(option, value).success);
      return match === undefined ? [] : unknownMembers(match, value, path);
    }
    case "array":
      return (value as unknown[]).flatMap((item, index) =>
        unknownMembers(def.element, item, `${path}[${index}]`),
      );
    case "record":
      return Object.entries(value as object).flatMap(([key, item]) =>
        unknownMembers(def.valueType, item, join(path, key)),
      );
    case "object":
      return Object.entries(value as object).flatMap(([key, item]) => {
        const member = Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
        return member === undefined ? [join(path, key)] : unknownMembers(member, item, join(path, key));
      });
    default:
      return [];
  }
}

const join = (path: string, key: string) => (path === "" ? key : `${path}.${key}`);
