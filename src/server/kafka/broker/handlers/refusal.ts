import type { BrokerLog } from "../log-lines.ts";
import { ErrorCode, KafkaError } from "../protocol/errors.ts";

/** What a response says of one thing that was asked for; both as in the protocol. */
export interface Outcome {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
}

export const SUCCESS: Outcome = { errorCode: ErrorCode.NONE, errorMessage: null };

/** Names in messages come from clients, and short strings of the protocol end at 32767 bytes. */
const MAX_MESSAGE_LENGTH = 1000;

/** What to tell the client of an error. One that the protocol has no number for is the broker's, and logged. */
export function refusalOf(error: unknown, log: BrokerLog): Outcome {
  if (error instanceof KafkaError)
    return { errorCode: error.code, errorMessage: error.message.slice(0, MAX_MESSAGE_LENGTH) };
  log.error({ err: error }, "a request could not be carried out");
  return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, errorMessage: "the broker could not write it down" };
}

export const codeOf = (error: unknown, log: BrokerLog): ErrorCode => refusalOf(error, log).errorCode;

/** Carries out one change of several, so that the refusal of one leaves the others. */
export async function outcomeOf(log: BrokerLog, change: () => Promise<unknown>): Promise<Outcome> {
  try {
    await change();
    return SUCCESS;
  } catch (error) {
    return refusalOf(error, log);
  }
}
