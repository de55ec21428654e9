// zod/mini: the command line bundles this module.
import * as z from "zod/mini";

const text = z.string("must be a string");
const name = z.string("must be a string").check(z.minLength(1, "must not be empty"));
const texts = z.array(text, "must be a list of strings");
const flag = z.boolean("must be true or false");
const port = z
  .int("must be a port number")
  .check(z.minimum(1, "must be a port number"), z.maximum(65_535, "must be a port number"));
const seconds = z
  .number("must be a number of seconds")
  .check(z.minimum(1, "must be at least 1"), z.maximum(86_400, "must be at most a day"));

const OBJECT = "must be an object with members";
const members = <Shape extends z.core.$ZodShape>(shape: Shape) => z.looseObject(shape, OBJECT);
const map = <Value extends z.core.SomeType>(value: Value) => z.record(z.string(), value, OBJECT);

/** An object whose keys have a form of their own; `keyMessage` is what is said of one that has not. */
const keyed = <Value extends z.core.SomeType>(form: RegExp, keyMessage: string, value: Value) =>
  z.record(z.string().check(z.regex(form)), value, {
    error: ({ code }) => (code === "invalid_key" ? `is not a name: ${keyMessage}` : OBJECT),
  });

/** Becomes the name of folders and containers, so nothing that could lead elsewhere. */
const plainName = z
  .string("must be a string")
  .check(
    z.regex(
      /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/,
      "must be letters, digits, '-', '_' and '.', at most 128, beginning with a letter or digit",
    ),
  );
const versionText = z
  .string("must be a string")
  .check(
    z.regex(
      /^[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}$/,
      "must be a version such as 1.0.0: letters, digits, '.', '-', '_' and '+'",
    ),
  );
const ID = /^[A-Za-z0-9_-]{1,64}$/;
const ID_MESSAGE = "must be letters, digits, '-' and '_', at most 64";
const resourceId = z.string("must be a string").check(z.regex(ID, ID_MESSAGE));

const metadataSchema = members({
  name: z.optional(text),
  description: z.optional(text),
  category: z.optional(text),
  image: z.optional(text),
  icon: z.optional(text),
  vendor: z.optional(text),
});

const tokenSchema = members({
  name: z.optional(text),
  allow: z.optional(map(map(z.union([text, texts], "must be an action or a list of actions")))),
});

const volumeSchema = members({ source: text, target: text, description: z.optional(text) });

const taskSchema = members({
  type: text,
  image: name,
  port: z.optional(port),
  cmd: z.optional(texts),
  env: z.optional(
    keyed(
      /^[^=\u0000]+$/,
      "must not contain '='",
      z.union([text, z.number(), z.boolean()], "must be a string, a number, true or false"),
    ),
  ),
  user: z.optional(name),
  volumes: z.optional(
    z.union(
      [z.array(volumeSchema), map(text)],
      "must be a list of {source, target}, or an object of strings",
    ),
  ),
  copy: z.optional(map(text)),
  resources: z.optional(
    members({ memory: z.optional(z.int("must be whole bytes").check(z.minimum(1, "must be whole bytes"))) }),
  ),
  networks: z.optional(texts),
  extra_hosts: z.optional(members({ bind_hostname: z.optional(flag) })),
  shell: z.optional(name),
});

const interfaceSchema = members({
  main: z.optional(
    members({
      proxy_to: z.optional(members({ port, plugin: z.optional(name), rewrite_base_path: z.optional(flag) })),
      file: z.optional(name),
    }),
  ),
});

const proxySchema = members({
  proxy: resourceId,
  name: z.optional(text),
  description: z.optional(text),
  enabled: z.optional(flag),
  config: members({
    protocol: z.enum(["tcp", "udp"], "must be tcp or udp"),
    source: members({ port, secure: z.optional(flag) }),
    target: members({
      type: z.enum(["plugin", "address"], "must be plugin or address"),
      port,
      secure: z.optional(flag),
      address: z.optional(name),
      plugin: z.optional(
        z.union([name, members({ name, user: z.optional(name) })], "must be a name, or {name, user}"),
      ),
      user: z.optional(name),
    }),
  }),
});

const storageSchema = members({
  storage: resourceId,
  name: z.optional(text),
  description: z.optional(text),
  public: z.optional(flag),
});

/** Opaque but for its id: what is in a product is the product's own language. */
const productSchema = map(z.unknown()).check(
  z.refine((item) => resourceId.safeParse(item.product).success, {
    message: ID_MESSAGE,
    path: ["product"],
  }),
);

const list = <Item extends z.core.SomeType>(item: Item) => z.optional(z.array(item, "must be a list"));

/** Our own members, for entries of own catalogues. */
const extensionSchema = members({
  health: z.optional(
    members({
      port: z.optional(port),
      path: z.optional(text.check(z.startsWith("/", "must begin with /"))),
      command: z.optional(texts.check(z.minLength(1, "must not be empty"))),
      intervalSeconds: z.optional(seconds),
      timeoutSeconds: z.optional(seconds),
      startPeriodSeconds: z.optional(seconds),
      retries: z.optional(z.int("must be a whole number").check(z.minimum(1, "must be at least 1"))),
    }),
  ),
  stop: z.optional(
    members({
      signal: z.optional(
        text.check(z.regex(/^(?:SIG)?[A-Z0-9+-]{1,12}$|^[0-9]{1,2}$/, "must be a signal such as SIGINT")),
      ),
      timeoutSeconds: z.optional(seconds),
    }),
  ),
});

/**
 * Thinger's `plugin.json`. Every object is open: members that nobody knows are kept and reported, and only what would
 * be acted upon has to have the right form.
 */
export const pluginFileSchema = members({
  name: plainName,
  version: versionText,
  description: z.optional(text),
  author: z.optional(text),
  license: z.optional(text),
  repository: z.optional(
    members({ type: z.optional(text), url: z.optional(text), directory: z.optional(text) }),
  ),
  metadata: z.optional(metadataSchema),
  tokens: z.optional(keyed(ID, ID_MESSAGE, tokenSchema)),
  task: z.optional(taskSchema),
  interface: z.optional(interfaceSchema),
  resources: z.optional(
    members({ products: list(productSchema), proxies: list(proxySchema), storages: list(storageSchema) }),
  ),
  deprecated: z.optional(members({ message: z.optional(text), replacement: z.optional(text) })),
  databases: z.optional(map(z.unknown())),
  plugctl: z.optional(extensionSchema),
});

export type PluginFile = z.output<typeof pluginFileSchema>;
export type Task = z.output<typeof taskSchema>;
export type ProxyItem = z.output<typeof proxySchema>;
