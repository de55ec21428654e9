import type { Tree } from "../../helpers/archives.ts";
import type { TokenName, World } from "./world.ts";

/** Text that names what was wrong, where, or what to do; all of it must be there. */
type Words = readonly (string | RegExp)[];

/** A command line that must fail. */
export interface BadCommand {
  what: string;
  /** What follows `plugctl`: a line that is split at its spaces, or words that only the world knows. */
  run: string | ((world: World, folder: string) => readonly string[]);
  /** In the folder where it runs. */
  files?: Tree;
  /** A configuration folder of its own in place of that of the server's user. */
  config?: Tree;
  env?: NodeJS.ProcessEnv;
  stdin?: string;
  /** Whatever files alone cannot show. */
  prepare?: (world: World, folder: string) => Promise<unknown>;
  /** Runs as a user whom permissions stop, also where that is root. */
  unprivileged?: boolean;
  exit: number;
  says: Words;
}

/** An HTTP request that must be refused. */
export interface BadRequest {
  what: string;
  method?: string;
  /** Sent as it is; below `/api/v1/` unless it begins with a slash. */
  path: string | ((world: World) => string);
  as?: TokenName;
  headers?: Readonly<Record<string, string>>;
  body?: string | Buffer;
  /** Requests that go before, whose answers do not matter. */
  before?: number;
  status: number;
  code: string;
  says: Words;
}

/** A plugin that must not be published, neither by plugctl nor by any other client. */
export interface BadPlugin {
  what: string;
  /** What is sent; a folder's content is packed first. */
  archive?: () => Buffer | Promise<Buffer>;
  folder?: Tree;
  as?: TokenName;
  provider?: string;
  /** The server's answer. */
  status: number;
  code: string;
  says: Words;
  /** Of `plugctl publish`; 2 by default. */
  exit?: number;
  /** What plugctl says where it finds the fault before the server can. */
  locally?: Words;
}
