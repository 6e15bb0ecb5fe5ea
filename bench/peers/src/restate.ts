import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import * as restate from '@restatedev/restate-sdk';
import { runPeer } from './peer.ts';
import type { Order, Outcome, ShopSteps } from './shop.ts';

const READY_TRIES = 300;
const READY_POLL_MS = 200;

/** Restate: its server calls the services, which are in one process, over HTTP/2, and keeps the journal on its own disk. */
await runPeer(async (steps, { folder, ports: [services = 0, ingress = 0, admin = 0, node = 0] }) => {
  await restate.serve({ services: servicesOf(steps), port: services });
  const server = spawn(restateServer(), ['--base-dir', folder, '--node-name', 'peer'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      RUST_LOG: 'error',
      DO_NOT_TRACK: '1',
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_LISTEN_MODE: 'tcp',
      RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
      RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    },
  });
  process.once('exit', () => server.kill('SIGKILL'));
  await register(`http://127.0.0.1:${admin}`, `http://127.0.0.1:${services}`);
  const address = { url: `http://127.0.0.1:${ingress}`, path: '/saga/run' };
  return { address, stop: async () => void server.kill() };
});

function servicesOf(steps: ShopSteps) {
  /** Each step is a call of another service, as with us, and a side effect in it is journaled (`ctx.run`). */
  const handler = (name: keyof ShopSteps) => (context: restate.Context, order: Order) =>
    context.run(name, () => steps[name](order));
  const product = restate.service({
    name: 'product',
    handlers: { decrease: handler('decreaseProduct'), restore: handler('restoreProduct') },
  });
  const coupon = restate.service({
    name: 'coupon',
    handlers: { use: handler('useCoupon'), restore: handler('restoreCoupon') },
  });
  const balance = restate.service({ name: 'balance', handlers: { deduct: handler('deductBalance') } });
  const delivery = restate.service({ name: 'delivery', handlers: { create: handler('createDelivery') } });
  const order = restate.service({
    name: 'order',
    handlers: {
      create: handler('createOrder'),
      complete: handler('completeOrder'),
      cancel: handler('cancelOrder'),
    },
  });
  const run = async (context: restate.Context, placed: Order): Promise<Outcome> => {
    await context.serviceClient(order).create(placed);
    const [stock, used] = await restate.RestatePromise.all([
      context.serviceClient(product).decrease(placed),
      context.serviceClient(coupon).use(placed),
    ]);
    if (stock && used && (await context.serviceClient(balance).deduct(placed))) {
      await context.serviceClient(delivery).create(placed);
      await context.serviceClient(order).complete(placed);
      return 'COMPLETED';
    }
    if (stock) await context.serviceClient(product).restore(placed);
    if (used) await context.serviceClient(coupon).restore(placed);
    await context.serviceClient(order).cancel(placed);
    return 'CANCELLED';
  };
  return [product, coupon, balance, delivery, order, restate.service({ name: 'saga', handlers: { run } })];
}

/** pnpm lets only the wrapper itself see the package with the program for this machine. */
function restateServer(): string {
  const within = createRequire(createRequire(import.meta.url).resolve('@restatedev/restate-server/package.json'));
  const platform = `@restatedev/restate-server-${process.platform}-${process.arch}`;
  return within.resolve(`${platform}/package.json`).replace('package.json', 'bin/restate-server');
}

async function register(admin: string, uri: string): Promise<void> {
  for (let tries = 0; tries < READY_TRIES; tries += 1) {
    const answer = await fetch(`${admin}/deployments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ uri }),
    }).catch(() => undefined);
    if (answer?.ok) return;
    await pause(READY_POLL_MS);
  }
  throw new Error(`restate-server does not answer at ${admin}`);
}
