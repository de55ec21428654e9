import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { makeTempDir } from "./temp-dir.ts";

/** A real repository in a folder that goes away with the test. */
export interface TestRepository {
  folder: string;
  url: string;
  /** Writes files, commits them all, and sets tags; returns the commit. */
  commit(files: Record<string, string>, tags?: readonly string[]): string;
  git(...words: string[]): string;
}

const IDENTITY = {
  GIT_AUTHOR_NAME: "t",
  GIT_AUTHOR_EMAIL: "t@example.com",
  GIT_COMMITTER_NAME: "t",
  GIT_COMMITTER_EMAIL: "t@example.com",
  GIT_CONFIG_GLOBAL: "/dev/null",
};

export async function makeRepository(): Promise<TestRepository> {
  const folder = await makeTempDir();
  const git = (...words: string[]) =>
    execFileSync("git", words, {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, ...IDENTITY },
      stdio: "pipe",
    });
  git("init", "--quiet", "--initial-branch=main");
  return {
    folder,
    url: pathToFileURL(folder).href,
    git,
    commit(files, tags = []) {
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), content);
      }
      git("add", "--all");
      git("commit", "--quiet", "--allow-empty", "--message=x");
      for (const tag of tags) git("tag", "--annotate", "--message=x", tag);
      return git("rev-parse", "HEAD").trim();
    },
  };
}
