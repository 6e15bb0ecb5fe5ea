import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { errorCode } from '@saga/service-kit/error-code';

const LOOPBACK = '127.0.0.1';

/** Different free ports of this machine. Nothing keeps them free: use them at once. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
    return address.port;
  });
  await Promise.all(servers.map(close));
  return ports;
}

/** @throws Error in one line when something else listens there. */
export async function assertPortIsFree(port: number, purpose: string): Promise<void> {
  try {
    await close(await listen(port));
  } catch (error) {
    if (errorCode(error) !== 'EADDRINUSE') throw error;
    throw new Error(`port ${port} (${purpose}) is in use: stop what listens there`);
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, LOOPBACK);
  await once(server, 'listening');
  return server;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
