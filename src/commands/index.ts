import { accessPrivate } from "./access/private.meta.ts";
import { accessPublic } from "./access/public.meta.ts";
import { accessShow } from "./access/show.meta.ts";
import { apply } from "./apply.meta.ts";
import { audit } from "./audit.meta.ts";
import { backup } from "./backup.meta.ts";
import { type Command, type CommandGroup, command } from "./command.ts";
import { completion } from "./completion.meta.ts";
import { configPath } from "./config/path.meta.ts";
import { configSet } from "./config/set.meta.ts";
import { configShow } from "./config/show.meta.ts";
import { configUnset } from "./config/unset.meta.ts";
import { containerImages } from "./container/images.meta.ts";
import { containerPrune } from "./container/prune.meta.ts";
import { debBuild } from "./deb/build.meta.ts";
import { debCancel } from "./deb/cancel.meta.ts";
import { debRepoKey } from "./deb/repo/key.meta.ts";
import { debRepoList } from "./deb/repo/list.meta.ts";
import { debRepoPrune } from "./deb/repo/prune.meta.ts";
import { demo } from "./demo.meta.ts";
import { diff } from "./diff.meta.ts";
import { events } from "./events.meta.ts";
import { exportPlugins } from "./export.meta.ts";
import { history } from "./history.meta.ts";
import { info } from "./info.meta.ts";
import { install } from "./install.meta.ts";
import { kafkaGroupsDelete } from "./kafka/groups/delete.meta.ts";
import { kafkaGroupsDescribe } from "./kafka/groups/describe.meta.ts";
import { kafkaGroupsList } from "./kafka/groups/list.meta.ts";
import { kafkaGroupsReset } from "./kafka/groups/reset.meta.ts";
import { kafkaProduce } from "./kafka/produce.meta.ts";
import { kafkaTail } from "./kafka/tail.meta.ts";
import { kafkaTopicsConfigs } from "./kafka/topics/configs.meta.ts";
import { kafkaTopicsCreate } from "./kafka/topics/create.meta.ts";
import { kafkaTopicsDelete } from "./kafka/topics/delete.meta.ts";
import { kafkaTopicsDescribe } from "./kafka/topics/describe.meta.ts";
import { kafkaTopicsList } from "./kafka/topics/list.meta.ts";
import { kill } from "./kill.meta.ts";
import { list } from "./list.meta.ts";
import { login } from "./login.meta.ts";
import { logout } from "./logout.meta.ts";
import { logs } from "./logs.meta.ts";
import { open } from "./open.meta.ts";
import { outdated } from "./outdated.meta.ts";
import { pause } from "./pause.meta.ts";
import { plan } from "./plan.meta.ts";
import { providerAdd } from "./provider/add.meta.ts";
import { providerList } from "./provider/list.meta.ts";
import { providerRemove } from "./provider/remove.meta.ts";
import { providerShow } from "./provider/show.meta.ts";
import { providerUpdate } from "./provider/update.meta.ts";
import { publish } from "./publish.meta.ts";
import { remove } from "./remove.meta.ts";
import { restart } from "./restart.meta.ts";
import { restore } from "./restore.meta.ts";
import { resume } from "./resume.meta.ts";
import { roleCreate } from "./role/create.meta.ts";
import { roleList } from "./role/list.meta.ts";
import { roleRemove } from "./role/remove.meta.ts";
import { roleShow } from "./role/show.meta.ts";
import { roleUpdate } from "./role/update.meta.ts";
import { rollback } from "./rollback.meta.ts";
import { search } from "./search.meta.ts";
import { serve } from "./serve.meta.ts";
import { serverBackup } from "./server/backup.meta.ts";
import { serverGc } from "./server/gc.meta.ts";
import { serverRestore } from "./server/restore.meta.ts";
import { serverRotateKeys } from "./server/rotate-keys.meta.ts";
import { serverStatus } from "./server/status.meta.ts";
import { set } from "./set.meta.ts";
import { shell } from "./shell.meta.ts";
import { start } from "./start.meta.ts";
import { stats } from "./stats.meta.ts";
import { stop } from "./stop.meta.ts";
import { storeDiscovery } from "./store/discovery.meta.ts";
import { targetAdd } from "./target/add.meta.ts";
import { targetList } from "./target/list.meta.ts";
import { targetRemove } from "./target/remove.meta.ts";
import { targetShow } from "./target/show.meta.ts";
import { targetTest } from "./target/test.meta.ts";
import { targetUse } from "./target/use.meta.ts";
import { tokenCreate } from "./token/create.meta.ts";
import { tokenList } from "./token/list.meta.ts";
import { tokenRevoke } from "./token/revoke.meta.ts";
import { top } from "./top.meta.ts";
import { update } from "./update.meta.ts";
import { userAdd } from "./user/add.meta.ts";
import { userDisable } from "./user/disable.meta.ts";
import { userEnable } from "./user/enable.meta.ts";
import { userGrant } from "./user/grant.meta.ts";
import { userList } from "./user/list.meta.ts";
import { userPasswd } from "./user/passwd.meta.ts";
import { userRemove } from "./user/remove.meta.ts";
import { userRevoke } from "./user/revoke.meta.ts";
import { userShow } from "./user/show.meta.ts";
import { userUpdate } from "./user/update.meta.ts";
import { verify } from "./verify.meta.ts";
import { version } from "./version.meta.ts";
import { versions } from "./versions.meta.ts";

/** Every command, in the order of the help page. Definitions are here at once; the work is loaded when it is run. */
export const COMMANDS: readonly (Command | CommandGroup)[] = [
  command(list, () => import("./list.ts")),
  command(search, () => import("./search.ts")),
  command(info, () => import("./info.ts")),
  command(logs, () => import("./logs.ts")),
  command(history, () => import("./history.ts")),
  command(stats, () => import("./stats.ts")),
  command(top, () => import("./top.ts")),
  command(events, () => import("./events.ts")),
  command(outdated, () => import("./outdated.ts")),
  command(verify, () => import("./verify.ts")),
  command(diff, () => import("./diff.ts")),
  command(open, () => import("./open.ts")),
  command(install, () => import("./install.ts")),
  command(update, () => import("./update.ts")),
  command(remove, () => import("./remove.ts")),
  command(rollback, () => import("./rollback.ts")),
  command(set, () => import("./set.ts")),
  command(start, () => import("./start.ts")),
  command(stop, () => import("./stop.ts")),
  command(kill, () => import("./kill.ts")),
  command(restart, () => import("./restart.ts")),
  command(pause, () => import("./pause.ts")),
  command(resume, () => import("./resume.ts")),
  command(shell, () => import("./shell.ts")),
  {
    name: "access",
    summary: "Who can reach the web interfaces of plugins",
    group: "control",
    commands: [
      command(accessShow, () => import("./access/show.ts")),
      command(accessPublic, () => import("./access/public.ts")),
      command(accessPrivate, () => import("./access/private.ts")),
    ],
  },
  command(backup, () => import("./backup.ts")),
  command(restore, () => import("./restore.ts")),
  command(publish, () => import("./publish.ts")),
  command(versions, () => import("./versions.ts")),
  {
    name: "store",
    summary: "What only stores can do",
    group: "publish",
    commands: [command(storeDiscovery, () => import("./store/discovery.ts"))],
  },
  command(exportPlugins, () => import("./export.ts")),
  command(plan, () => import("./plan.ts")),
  command(apply, () => import("./apply.ts")),
  {
    name: "container",
    summary: "What only containers can do",
    group: "administer",
    commands: [
      command(containerImages, () => import("./container/images.ts")),
      command(containerPrune, () => import("./container/prune.ts")),
    ],
  },
  {
    name: "deb",
    summary: "What only Debian packages have",
    group: "administer",
    commands: [
      command(debBuild, () => import("./deb/build.ts")),
      command(debCancel, () => import("./deb/cancel.ts")),
      {
        name: "repo",
        summary: "The APT repository of a server",
        commands: [
          command(debRepoKey, () => import("./deb/repo/key.ts")),
          command(debRepoList, () => import("./deb/repo/list.ts")),
          command(debRepoPrune, () => import("./deb/repo/prune.ts")),
        ],
      },
    ],
  },
  {
    name: "kafka",
    summary: "Topics, groups and messages of Kafka clusters",
    group: "administer",
    commands: [
      {
        name: "topics",
        summary: "Topics of a Kafka cluster",
        commands: [
          command(kafkaTopicsList, () => import("./kafka/topics/list.ts")),
          command(kafkaTopicsCreate, () => import("./kafka/topics/create.ts")),
          command(kafkaTopicsDescribe, () => import("./kafka/topics/describe.ts")),
          command(kafkaTopicsDelete, () => import("./kafka/topics/delete.ts")),
          command(kafkaTopicsConfigs, () => import("./kafka/topics/configs.ts")),
        ],
      },
      {
        name: "groups",
        summary: "Consumer groups of a Kafka cluster",
        commands: [
          command(kafkaGroupsList, () => import("./kafka/groups/list.ts")),
          command(kafkaGroupsDescribe, () => import("./kafka/groups/describe.ts")),
          command(kafkaGroupsReset, () => import("./kafka/groups/reset.ts")),
          command(kafkaGroupsDelete, () => import("./kafka/groups/delete.ts")),
        ],
      },
      command(kafkaTail, () => import("./kafka/tail.ts")),
      command(kafkaProduce, () => import("./kafka/produce.ts")),
    ],
  },
  {
    name: "user",
    summary: "Who may sign in",
    group: "administer",
    commands: [
      command(userList, () => import("./user/list.ts")),
      command(userShow, () => import("./user/show.ts")),
      command(userAdd, () => import("./user/add.ts")),
      command(userUpdate, () => import("./user/update.ts")),
      command(userDisable, () => import("./user/disable.ts")),
      command(userEnable, () => import("./user/enable.ts")),
      command(userRemove, () => import("./user/remove.ts")),
      command(userGrant, () => import("./user/grant.ts")),
      command(userRevoke, () => import("./user/revoke.ts")),
      command(userPasswd, () => import("./user/passwd.ts")),
    ],
  },
  {
    name: "role",
    summary: "What users may do",
    group: "administer",
    commands: [
      command(roleList, () => import("./role/list.ts")),
      command(roleShow, () => import("./role/show.ts")),
      command(roleCreate, () => import("./role/create.ts")),
      command(roleUpdate, () => import("./role/update.ts")),
      command(roleRemove, () => import("./role/remove.ts")),
    ],
  },
  {
    name: "provider",
    summary: "Who owns plugins",
    group: "administer",
    commands: [
      command(providerList, () => import("./provider/list.ts")),
      command(providerShow, () => import("./provider/show.ts")),
      command(providerAdd, () => import("./provider/add.ts")),
      command(providerUpdate, () => import("./provider/update.ts")),
      command(providerRemove, () => import("./provider/remove.ts")),
    ],
  },
  {
    name: "token",
    summary: "Credentials for pipelines and machines",
    group: "administer",
    commands: [
      command(tokenList, () => import("./token/list.ts")),
      command(tokenCreate, () => import("./token/create.ts")),
      command(tokenRevoke, () => import("./token/revoke.ts")),
    ],
  },
  command(audit, () => import("./audit.ts")),
  {
    name: "server",
    summary: "Upkeep of a server",
    group: "administer",
    commands: [
      command(serverStatus, () => import("./server/status.ts")),
      command(serverBackup, () => import("./server/backup.ts")),
      command(serverRestore, () => import("./server/restore.ts")),
      command(serverGc, () => import("./server/gc.ts")),
      command(serverRotateKeys, () => import("./server/rotate-keys.ts")),
    ],
  },
  command(serve, () => import("./serve.ts")),
  command(demo, () => import("./demo.ts")),
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
  command(completion, () => import("./completion.ts")),
  command(version, () => import("./version.ts")),
];
