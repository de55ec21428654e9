import { containerModule } from "./container/module.ts";
import { debModule } from "./deb/module.ts";
import { kafkaModule } from "./kafka/module.ts";
import type { ServerModule } from "./module.ts";
import { storeModule } from "./store/module.ts";

/** Every module of the server, in the order of their start. */
export const SERVER_MODULES: readonly ServerModule[] = [storeModule, kafkaModule, debModule, containerModule];
