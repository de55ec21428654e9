import { mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { type Bindings, type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const SECRETS = [
  "authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "password",
  "token",
  "accessToken",
  "refreshToken",
  "secret",
];

const quoted = (key: string) => (/^\w+$/.test(key) ? `.${key}` : `["${key}"]`);

/** Where these names stand in a log line: at the top, in an object of it, and in the headers of a request. */
const REDACTED = SECRETS.flatMap((key) => [
  quoted(key).replace(/^\./, ""),
  `*${quoted(key)}`,
  `*.headers${quoted(key)}`,
]);

export interface LoggerOptions {
  level?: LogLevel | undefined;
  /** A file to append to; standard error otherwise. */
  file?: string | undefined;
}

export interface OpenLogger {
  log: Logger;
  /** Writes out what is buffered. */
  flush(): void;
}

/**
 * Structured logs: a JSON object per line, times in ISO 8601, secrets replaced by `[redacted]`.
 * @throws the file system's refusal of the file.
 */
export function createLogger({ level = "info", file }: LoggerOptions = {}): OpenLogger {
  const destination = pino.destination(file === undefined ? 2 : openLogFile(file));
  return { log: createLoggerOn(destination, level), flush: () => destination.flushSync() };
}

/** Opened here and not by pino, which would report a file that cannot be used to nobody. */
function openLogFile(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  return openSync(file, "a", 0o600);
}

export function createLoggerOn(destination: DestinationStream, level: LogLevel): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED, censor: "[redacted]" },
    },
    destination,
  );
}

/**
 * A logger for a line per request whose fields are known to hold no secret: to look for some in them takes ten times as long as
 * to write the line.
 */
export const accessLogger = (log: Logger, bindings: Bindings): Logger => log.child(bindings, { redact: [] });
