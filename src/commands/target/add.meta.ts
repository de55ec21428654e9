import { SASL_MECHANISMS } from "../../core/kafka/target.ts";
import { KINDS } from "../../core/plugin.ts";
import { defineCommand, flag, list, requiredText, several, text } from "../command.ts";

export const targetAdd = defineCommand({
  name: "add",
  summary: "Add a target: a named connection to one backend",
  args: { name: ["<name>", "name of the new target"] },
  options: {
    kind: requiredText("--kind <kind>", "kind of the backend", { choices: KINDS }),
    url: text(
      "--url <url>",
      "endpoint: https://…, http://… or unix:///path; engines also tcp://, ssh://user@host, docker-context:NAME; brokers kafka://host:port",
    ),
    ca: text("--ca <file>", "PEM file of the authority that signed the endpoint's certificate"),
    cert: text("--cert <file>", "container, kafka: PEM file of the client's certificate"),
    key: text("--key <file>", "container, kafka: PEM file of the key of that certificate"),
    thinger: text("--thinger <url>", "container: a Thinger.io server instead of an engine"),
    user: text("--user <name>", "container: whose plugins these are; kafka: who signs in"),
    swarm: flag("--swarm", "container: the engine manages a swarm, and plugins become services"),
    catalogue: several(
      "--catalogue <place>",
      "container: folder, git repository or index URL to install from",
    ),
    publicHost: text("--public-host <name>", "container: host name at which people reach the plugins"),
    amqp: text(
      "--amqp <url>",
      "deb: message bus of a wazo-plugind, amqp://user@host:5672 without a password",
    ),
    auth: text("--auth <url>", "deb: wazo-auth, where it has an address of its own (http://host:9497)"),
    brokers: list("--brokers <host:port>", "kafka: brokers to ask first, instead of --url or beside it"),
    tls: flag("--tls", "kafka: connections are encrypted"),
    sasl: text("--sasl <mechanism>", "kafka: how clients sign in", { choices: SASL_MECHANISMS }),
    credentialEnv: text("--credential-env <variable>", "environment variable that holds the credential"),
    credentialCommand: list(
      "--credential-command <words>",
      "command that prints the credential (pass,show,x)",
    ),
    use: flag("--use", "make it the default target"),
    overwrite: flag("--overwrite", "replace a target of that name"),
  },
  examples: [
    ["a store at work", "plugctl target add work --kind store --url https://plugins.example.com"],
    ["then sign in", "plugctl login -t work"],
    [
      "the container engine of this machine, and where its plugins come from",
      "plugctl target add edge --kind container --url unix:///var/run/docker.sock --catalogue ./marketplace",
    ],
    [
      "a Wazo host, through its nginx",
      "plugctl target add pbx --kind deb --url https://pbx.example.com --ca pbx.pem",
    ],
    [
      "a Kafka cluster that asks who one is",
      "plugctl target add stream --kind kafka --brokers k1.example.com:9093,k2.example.com:9093 --tls --sasl scram-sha-512",
    ],
  ],
});
