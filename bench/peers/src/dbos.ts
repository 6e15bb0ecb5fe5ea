import { DBOS } from '@dbos-inc/dbos-sdk';
import { listen, runPeer } from './peer.ts';
import type { Order, Outcome } from './shop.ts';

const POOL_SIZE = 20;

/** DBOS Transact: the workflow and its steps are functions of one process, checkpointed in PostgreSQL. */
await runPeer(async (steps, { engineDatabaseUrl }) => {
  DBOS.setConfig({
    name: 'peer',
    systemDatabaseUrl: engineDatabaseUrl,
    systemDatabasePoolSize: POOL_SIZE,
    logLevel: 'error',
    runAdminServer: false,
  });
  const step = (name: keyof typeof steps, order: Order) => DBOS.runStep(() => steps[name](order), { name });
  const saga = DBOS.registerWorkflow(
    async (order: Order): Promise<Outcome> => {
      await step('createOrder', order);
      const [stock, coupon] = await Promise.all([step('decreaseProduct', order), step('useCoupon', order)]);
      if (stock && coupon && (await step('deductBalance', order))) {
        await step('createDelivery', order);
        await step('completeOrder', order);
        return 'COMPLETED';
      }
      if (stock) await step('restoreProduct', order);
      if (coupon) await step('restoreCoupon', order);
      await step('cancelOrder', order);
      return 'CANCELLED';
    },
    { name: 'saga' },
  );
  await DBOS.launch();
  const address = await listen(async (order) => {
    const handle = await DBOS.startWorkflow(saga, { workflowID: order.id })(order);
    return handle.getResult();
  });
  return { address, stop: () => DBOS.shutdown() };
});
