import type { Logger } from "pino";

/** Where the broker reports to the one who runs it. */
export type BrokerLog = Pick<Logger, "debug" | "info" | "warn" | "error">;
