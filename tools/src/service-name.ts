/** The seven services: the names of their folders, database roles and schemas, consumer groups and log prefixes. */
export const serviceNames = ['orchestrator', 'order', 'product', 'balance', 'coupon', 'delivery', 'platform'] as const;

export type ServiceName = (typeof serviceNames)[number];

/** @throws Error in one line, for the person who typed the name. */
export function parseServiceName(text: string): ServiceName {
  const found = serviceNames.find((name) => name === text);
  if (found === undefined) throw new Error(`${JSON.stringify(text)} is no service: one of ${serviceNames.join(', ')}`);
  return found;
}
