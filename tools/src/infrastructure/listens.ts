import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const CONNECT_LIMIT_MS = 2_000;
const POLL_MS = 250;

/** Whether something listens at one of these host:port before the time is over; what it is, is not asked. */
export async function anyListens(
  addresses: readonly string[],
  withinMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answers = await Promise.all(addresses.map(listens));
    if (answers.includes(true)) return true;
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS, undefined, { signal });
  }
}

async function listens(address: string): Promise<boolean> {
  const colon = address.lastIndexOf(':');
  const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_LIMIT_MS) });
    return true;
  } catch {
    return false; // refused, unknown, or not in time
  } finally {
    socket.destroy();
  }
}
