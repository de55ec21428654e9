import { type Command, type CommandGroup, command } from "./command.ts";
import { configPath } from "./config/path.meta.ts";
import { configSet } from "./config/set.meta.ts";
import { configShow } from "./config/show.meta.ts";
import { configUnset } from "./config/unset.meta.ts";
import { demo } from "./demo.meta.ts";
import { info } from "./info.meta.ts";
import { list } from "./list.meta.ts";
import { login } from "./login.meta.ts";
import { logout } from "./logout.meta.ts";
import { publish } from "./publish.meta.ts";
import { remove } from "./remove.meta.ts";
import { search } from "./search.meta.ts";
import { serve } from "./serve.meta.ts";
import { storeDiscovery } from "./store/discovery.meta.ts";
import { targetAdd } from "./target/add.meta.ts";
import { targetList } from "./target/list.meta.ts";
import { targetRemove } from "./target/remove.meta.ts";
import { targetShow } from "./target/show.meta.ts";
import { targetTest } from "./target/test.meta.ts";
import { targetUse } from "./target/use.meta.ts";
import { version } from "./version.meta.ts";
import { versions } from "./versions.meta.ts";

/** Every command, in the order of the help page. Definitions are here at once; the work is loaded when it is run. */
export const COMMANDS: readonly (Command | CommandGroup)[] = [
  command(list, () => import("./list.ts")),
  command(search, () => import("./search.ts")),
  command(info, () => import("./info.ts")),
  command(remove, () => import("./remove.ts")),
  command(publish, () => import("./publish.ts")),
  command(versions, () => import("./versions.ts")),
  {
    name: "store",
    summary: "What only stores can do",
    group: "publish",
    commands: [command(storeDiscovery, () => import("./store/discovery.ts"))],
  },
  {
    name: "target",
    summary: "Connections to backends",
    group: "setup",
    commands: [
      command(targetAdd, () => import("./target/add.ts")),
      command(targetList, () => import("./target/list.ts")),
      command(targetUse, () => import("./target/use.ts")),
      command(targetShow, () => import("./target/show.ts")),
      command(targetTest, () => import("./target/test.ts")),
      command(targetRemove, () => import("./target/remove.ts")),
    ],
  },
  command(login, () => import("./login.ts")),
  command(logout, () => import("./logout.ts")),
  {
    name: "config",
    summary: "Settings and where they come from",
    group: "setup",
    commands: [
      command(configShow, () => import("./config/show.ts")),
      command(configSet, () => import("./config/set.ts")),
      command(configUnset, () => import("./config/unset.ts")),
      command(configPath, () => import("./config/path.ts")),
    ],
  },
  command(serve, () => import("./serve.ts")),
  command(demo, () => import("./demo.ts")),
  command(version, () => import("./version.ts")),
];
