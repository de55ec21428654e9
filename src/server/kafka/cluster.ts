import { connect } from "node:net";

/** Milliseconds in which a broker has to accept a connection. */
const PATIENCE = 3_000;

/** @param brokers `host:port` of brokers of one cluster. @throws Error when none of them accepts a connection. */
export async function assertReachable(brokers: readonly string[]): Promise<void> {
  try {
    await Promise.any(brokers.map(accepts));
  } catch (cause) {
    throw new Error(`no broker answers at ${brokers.join(", ")}`, { cause });
  }
}

function accepts(broker: string): Promise<void> {
  const colon = broker.lastIndexOf(":");
  const [host, port] = [broker.slice(0, colon), Number(broker.slice(colon + 1))];
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: PATIENCE });
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
    socket.once("timeout", () => socket.destroy(new Error(`${broker} does not answer`)));
    socket.once("error", reject);
  });
}
