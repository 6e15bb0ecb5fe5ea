import { proxyActivities } from '@temporalio/workflow';
import type { Order, Outcome, ShopSteps } from './shop.ts';

const steps = proxyActivities<ShopSteps>({ startToCloseTimeout: '30s' });

export async function saga(order: Order): Promise<Outcome> {
  await steps.createOrder(order);
  const [stock, coupon] = await Promise.all([steps.decreaseProduct(order), steps.useCoupon(order)]);
  if (stock && coupon && (await steps.deductBalance(order))) {
    await steps.createDelivery(order);
    await steps.completeOrder(order);
    return 'COMPLETED';
  }
  if (stock) await steps.restoreProduct(order);
  if (coupon) await steps.restoreCoupon(order);
  await steps.cancelOrder(order);
  return 'CANCELLED';
}
