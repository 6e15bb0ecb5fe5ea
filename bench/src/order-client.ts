/** Posts orders and waits for their end, over HTTP. */
export type OrderClient = { place(body: object): Promise<string>; ended(orderId: string): Promise<string> };

const HOLD_SECONDS = 30;

export function orderClient(orderUrl: string): OrderClient {
  return {
    place: async (body) => {
      const response = await fetch(`${orderUrl}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const answer = (await response.json()) as { orderId: string };
      if (response.status !== 202)
        throw new Error(`POST /orders answered ${response.status}: ${JSON.stringify(answer)}`);
      return answer.orderId;
    },
    ended: async (orderId) => {
      for (;;) {
        const response = await fetch(`${orderUrl}/orders/${orderId}`, { headers: { prefer: `wait=${HOLD_SECONDS}` } });
        const { status } = (await response.json()) as { status: string };
        if (status !== 'PENDING') return status;
      }
    },
  };
}
