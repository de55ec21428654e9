import { type SimpleGit, simpleGit } from "simple-git";
import { isPlugctlError, PlugctlError } from "../core/errors.ts";

/** Of our environment git gets these only: anything else might change what it runs. */
const PASSED_ON = [
  "PATH",
  "HOME",
  "USERPROFILE",
  "SystemRoot",
  "XDG_CONFIG_HOME",
  "SSH_AUTH_SOCK",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
];

/** Answers in English, no question at a terminal, no download behind our back. */
const OWN = {
  LC_ALL: "C",
  GIT_TERMINAL_PROMPT: "0",
  GIT_LFS_SKIP_SMUDGE: "1",
  GIT_ALLOW_PROTOCOL: "https:http:ssh:git:file",
};

/** Time without any output after which git is taken for stuck. */
const SILENCE_MS = 30_000;

/**
 * Git in a folder, with nothing from a repository being run or followed.
 * @param options.symlinks write links as links; otherwise they become plain files, so nothing that is read later leads out
 * of the folder.
 */
export function gitIn(
  folder: string,
  signal: AbortSignal,
  { symlinks = false }: { symlinks?: boolean | undefined } = {},
): SimpleGit {
  const environment = Object.fromEntries(
    PASSED_ON.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return simpleGit({
    baseDir: folder,
    abort: signal,
    timeout: { block: SILENCE_MS },
    config: [
      `core.symlinks=${symlinks}`,
      "core.autocrlf=false",
      "transfer.fsckObjects=true",
      "submodule.recurse=false",
      "log.showSignature=false",
      // What is fetched once needs no housekeeping, which would be a process of its own.
      "maintenance.auto=false",
      // Nor need it survive a loss of power: what is made of it is made durable by whoever keeps that.
      "core.fsync=none",
    ],
    allowEnvironment: Object.keys(OWN),
  }).env({ ...environment, ...OWN });
}

const CAUSES: readonly [RegExp, ConstructorParameters<typeof PlugctlError>[0], string][] = [
  [
    /Authentication failed|could not read (?:Username|Password)|Permission denied|HTTP 40[13]/i,
    "UNAUTHENTICATED",
    "set up a git credential helper or an SSH key for this host",
  ],
  [
    /repository .* not found|not found: |does not appear to be a git repository|does not exist|HTTP 404/i,
    "NOT_FOUND",
    "check the address",
  ],
  [
    /couldn't find remote ref|not our ref|did not send all necessary objects/i,
    "NOT_FOUND",
    "check the branch, tag or commit",
  ],
  [/dubious ownership/, "FORBIDDEN", "allow it with git config --global --add safe.directory <its path>"],
  [/block timeout reached|timed out/i, "TIMEOUT", "try again"],
  [/ENOENT/, "UNAVAILABLE", "install git"],
];

/** Turns what git said into an error of ours. `origin` names the repository. */
export function gitError(thrown: unknown, origin: string): PlugctlError {
  if (isPlugctlError(thrown)) return thrown;
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  const lines = said.split("\n").map((line) => line.replace(/[\u0000-\u001f\u007f-\u009f]/g, "").trim());
  const line = lines.find((text) => /^(?:fatal|error):/.test(text)) ?? lines.find(Boolean) ?? "git failed";
  const message = line.replace(/^(?:fatal|error): /, "").slice(0, 300);
  const [, code, hint] = CAUSES.find(([pattern]) => pattern.test(said)) ?? [];
  return new PlugctlError(code ?? "UNAVAILABLE", `cannot read ${origin}: ${message}`, {
    hint,
    cause: thrown,
  });
}
