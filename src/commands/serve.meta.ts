import { defineCommand, flag, integer, list, several, text } from "./command.ts";

export const serve = defineCommand({
  name: "serve",
  group: "setup",
  summary: "Run the embedded server with every backend that it can",
  options: {
    data: text("--data <dir>", "data directory (default: plugctl in the user's data folder)"),
    host: text("--host <address>", "address to listen on (default: 127.0.0.1)"),
    port: integer("--port <port>", "HTTP port, 0 for any free one (default: 7400)", { min: 0, max: 65_535 }),
    extraPort: list("--extra-port <port>", "further HTTP port of the same API; may be repeated"),
    socket: text("--socket <path>", "listen on a Unix socket as well"),
    only: list("--only <modules>", "start just these modules (a,b)"),
    without: list("--without <modules>", "leave these modules out (a,b)"),
    docker: text(
      "--docker <engine>",
      "container engine: socket or URL (default: DOCKER_HOST, /var/run/docker.sock)",
    ),
    marketplace: several(
      "--marketplace <source>",
      "catalogue of container plugins: folder, git repository or index",
    ),
    pluginDomain: text("--plugin-domain <domain>", "give each plugin a host name of its own below it"),
    maxPlugins: integer(
      "--max-plugins <count>",
      "container plugins that may be installed (default: no limit)",
      {
        min: 0,
        max: 1_000_000,
      },
    ),
    debRoot: text(
      "--deb-root <dir>",
      "tree for plugins as Debian packages, / = this machine (default: a private one)",
    ),
    debBuild: text("--deb-build <isolation>", "how plugins are built (default: isolated)", {
      choices: ["isolated", "network", "host"],
    }),
    debMarket: several("--deb-market <location>", "market of Debian-package plugins to offer: URL or file"),
    wazoVersion: text("--wazo-version <version>", "what the version bounds of plugins are held against"),
    amqp: text("--amqp <url>", "RabbitMQ that is told of progress (password: PLUGCTL_AMQP_PASSWORD)"),
    amqpPasswordFile: text("--amqp-password-file <file>", "password of the user in --amqp"),
    wazoAuth: text("--wazo-auth <url>", "wazo-auth whose tokens are accepted as well"),
    kafkaPort: integer(
      "--kafka-port <port>",
      "port of the Kafka endpoint, 0 for any free one (default: 9092; 0 with --port 0)",
      { min: 0, max: 65_535 },
    ),
    kafkaAdvertise: text(
      "--kafka-advertise <address>",
      "host[:port] at which Kafka clients are told to connect (default: as they did)",
    ),
    kafkaFsync: text(
      "--kafka-fsync <policy>",
      "when acknowledged records are on disk: before the answer, or within a second (default: always)",
      { choices: ["always", "interval"] },
    ),
    kafkaQuota: text("--kafka-quota <bytes>", "bytes a second that a user may send, and fetch: 10m"),
    kafkaMaxConnections: integer("--kafka-max-connections <count>", "of Kafka clients (default: 10000)", {
      min: 1,
      max: 1_000_000,
    }),
    kafkaMaxConnectionsPerAddress: integer(
      "--kafka-max-connections-per-address <count>",
      "of Kafka clients from one address (default: 1000)",
      { min: 1, max: 1_000_000 },
    ),
    kafkaBrokers: list(
      "--kafka-brokers <host:port>",
      "use this Apache Kafka instead of the own broker (a,b)",
    ),
    publicUrl: text("--public-url <url>", "base URL that clients see, when a proxy stands in front"),
    tlsCert: text("--tls-cert <file>", "certificate (PEM)"),
    tlsKey: text("--tls-key <file>", "its private key (PEM)"),
    tlsSelfSigned: flag("--tls-self-signed", "make a self-signed certificate once and use it"),
    allowPlainHttp: flag("--allow-plain-http", "listen beyond this machine without TLS"),
    adminPasswordFile: text(
      "--admin-password-file <file>",
      "set the password of the user admin from this file",
    ),
    readyFile: text("--ready-file <file>", "written when every started module is ready"),
    logLevel: text("--log-level <level>", "debug, info, warn or error (default: warn)", {
      choices: ["debug", "info", "warn", "error"],
    }),
    logFile: text("--log-file <file>", "append the log to a file instead of stderr"),
  },
  examples: [
    ["everything, on this machine only", "plugctl serve"],
    ["for others, with TLS", "plugctl serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem"],
    ["in a script, on any free port", "plugctl serve --data ./data --port 0 --ready-file ready.json"],
  ],
});
