import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { listen, runPeer } from './peer.ts';
import type { saga } from './temporal-workflow.ts';

const TASK_QUEUE = 'sagas';
const CONCURRENCY = 200;
const READY_TRIES = 100;
const READY_POLL_MS = 300;

/** Temporal: a development server with SQLite on disk, a worker and the client in one process. */
await runPeer(async (steps, { folder, ports: [port = 0] }) => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const address = `127.0.0.1:${port}`;
  const args = [
    ...['server', 'start-dev', '--headless', '--port', String(port), '--log-level', 'error'],
    ...['--db-filename', path.join(folder, 'temporal.db'), '--sqlite-pragma', 'synchronous=FULL'],
  ];
  // Into the log: a pipe that nobody reads fills, and then the server waits.
  const server = spawn(process.env.TEMPORAL_BIN ?? 'temporal', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  process.once('exit', () => server.kill('SIGKILL'));
  const connection = await connect(address);
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address }),
    taskQueue: TASK_QUEUE,
    workflowsPath: fileURLToPath(new URL('./temporal-workflow.ts', import.meta.url)),
    activities: steps,
    maxConcurrentActivityTaskExecutions: CONCURRENCY,
    maxConcurrentWorkflowTaskExecutions: CONCURRENCY,
  });
  const running = worker.run();
  const client = new Client({ connection });
  const front = await listen((order) =>
    client.workflow.execute<typeof saga>('saga', { taskQueue: TASK_QUEUE, workflowId: order.id, args: [order] }),
  );
  const stop = async () => {
    worker.shutdown();
    await running;
    server.kill();
  };
  return { address: front, stop };
});

async function connect(address: string): Promise<Connection> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await Connection.connect({ address, connectTimeout: '1s' });
    } catch (error) {
      if (tries === READY_TRIES) throw error;
      await pause(READY_POLL_MS);
    }
  }
}
