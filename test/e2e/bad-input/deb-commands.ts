import type { BadCommand } from "./rows.ts";

/** A Debian host at which nothing listens: what is refused before it is asked needs no more. */
const nowhere = {
  "config.yaml": "version: 1\ntargets:\n  pbx: {kind: deb, url: 'http://127.0.0.1:1'}\n",
};
const document = (plugin: string, kind = "deb") => ({
  "plugins.yaml": `version: 1\nkind: ${kind}\nplugins:\n  - ${plugin}\n`,
});
const HELLO = "{name: acme/hello, version: '1', source: 'git:https://example.invalid/x.git', digest: null}";

export const DEB_COMMANDS: readonly BadCommand[] = [
  // Words.
  {
    what: "a Debian host where nothing listens",
    run: "install pbx:acme/hello",
    config: nowhere,
    exit: 7,
    says: ['target "pbx"', "nothing listens at 127.0.0.1:1"],
  },
  {
    what: "a credential in the address of a repository",
    run: "install pbx:https://ada:geheim@example.invalid/x.git",
    config: nowhere,
    exit: 2,
    says: ["the address of a repository on example.invalid holds a credential"],
  },
  {
    what: "an option in place of a ref",
    run: "install pbx:https://example.invalid/x.git#--upload-pack=id",
    config: nowhere,
    exit: 2,
    says: ['"--upload-pack=id" is not a branch, tag or commit'],
  },
  {
    what: "a folder outside of the repository",
    run: "install pbx:https://example.invalid/x.git//../../etc",
    config: nowhere,
    exit: 2,
    says: ['"../../etc" is not a folder inside the repository'],
  },
  {
    what: "a package at an address",
    run: "install pbx:https://example.invalid/x_1_all.deb",
    config: nowhere,
    exit: 2,
    says: ["is a file to download", "a .deb file"],
  },
  {
    what: "a folder to build that is none",
    run: "deb build plugins.yaml",
    files: { "plugins.yaml": "x" },
    exit: 2,
    says: ["plugins.yaml is not a folder"],
  },
  {
    what: "a folder to build that is not there",
    run: "deb build nowhere",
    exit: 3,
    says: ["there is no folder nowhere"],
  },
  {
    what: "a folder to build that holds no plugin",
    run: "deb build .",
    exit: 2,
    says: ["has no wazo/plugin.yml"],
  },
  {
    what: "an isolation for a build elsewhere",
    run: "deb build . -t pbx --isolation host",
    config: nowhere,
    exit: 2,
    says: ["--isolation is for builds on this machine"],
  },
  {
    what: "an operation to cancel with a version",
    run: "deb cancel pbx:acme/hello@1",
    config: nowhere,
    exit: 2,
    says: ["an operation is named without a version"],
  },
  {
    what: "settings for a package",
    run: "install pbx:acme/hello -e A=1",
    config: nowhere,
    exit: 2,
    says: ["settings (env) do not fit"],
  },
  {
    what: "a name for a package",
    run: "install pbx:acme/hello --name x",
    config: nowhere,
    exit: 2,
    says: ["--name does not fit"],
  },
  {
    what: "no targets at a time",
    run: "update pbx:acme/hello --parallel 0",
    config: nowhere,
    exit: 2,
    says: ["--parallel", "from 1 to 64"],
  },
  {
    what: "a verification by a store",
    run: "verify x -t local-store",
    exit: 6,
    says: ['target "local-store" (store) has no verification', "targets of kind deb"],
  },
  // Configuration.
  {
    what: "a message bus with a password",
    run: "target add pbx --kind deb --url http://h --amqp amqp://a:geheim@h",
    exit: 2,
    says: ["--amqp: must be a URL", "PLUGCTL_AMQP_PASSWORD"],
  },
  {
    what: "a project file that would send credentials elsewhere",
    run: "list",
    files: {
      ".plugctlrc.yaml":
        "targets:\n  a:\n    kind: deb\n    url: http://127.0.0.1:1\n    deb: {auth: 'http://127.0.0.1:2'}\n",
    },
    exit: 2,
    says: [".plugctlrc.yaml:5: targets.a.deb.auth:", "may not say where credentials are sent"],
  },
  // Documents.
  {
    what: "a document that is not there",
    run: "plan plugins.yaml -t pbx",
    config: nowhere,
    exit: 2,
    says: ["cannot read plugins.yaml", "plugctl export"],
  },
  {
    what: "a document that is no YAML",
    run: "apply plugins.yaml -t pbx",
    files: { "plugins.yaml": "a: [" },
    config: nowhere,
    exit: 2,
    says: ["plugins.yaml is neither YAML nor JSON"],
  },
  {
    what: "a document with a plugin that has no source",
    run: "plan plugins.yaml -t pbx",
    files: document("{name: acme/hello, version: '1', digest: null}"),
    config: nowhere,
    exit: 2,
    says: ["plugins.yaml: plugins.0.source:"],
  },
  {
    what: "a document of another kind",
    run: "apply plugins.yaml -t pbx",
    files: document(HELLO, "container"),
    config: nowhere,
    exit: 2,
    says: ["of kind container, and pbx is of kind deb"],
  },
  {
    what: "a document with an option for git in it",
    run: "apply plugins.yaml -t pbx",
    files: document("{name: acme/hello, version: '1', source: 'git:--upload-pack=id', digest: null}"),
    config: nowhere,
    exit: 2,
    says: ["plugins.yaml: source of acme/hello: this is not an address"],
  },
  // The server.
  {
    what: "a plugin's name without its namespace",
    run: "remove hello -t local-deb --yes",
    exit: 3,
    says: ["hello is not installed", "plugctl list"],
  },
  {
    what: "a plugin that no market has",
    run: "install local-deb:acme/nowhere",
    exit: 3,
    says: ["acme/nowhere"],
  },
  {
    what: "a roll-back of what was never installed",
    run: "rollback local-deb:acme/nowhere",
    exit: 3,
    says: ["acme/nowhere"],
  },
  {
    what: "a history of nothing that is asked for its log",
    run: "logs local-deb:acme/never",
    exit: 3,
    says: ["acme/never has had no operation"],
  },
  {
    what: "a folder that is no plugin",
    run: "install local-deb:./empty",
    files: { "empty/README.md": "nothing" },
    exit: 2,
    says: ["has no wazo/plugin.yml"],
  },
  {
    what: "a file that is no package",
    run: "install local-deb:./x.deb",
    files: { "x.deb": "not a package" },
    exit: 2,
    says: ["x.deb is no Debian package"],
  },
];
