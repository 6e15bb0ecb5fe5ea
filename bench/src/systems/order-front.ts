import { Pool } from 'undici';

type Answer = { status: number; body: string };

/** Posts orders to one address over connections that stay open. */
export type OrderFront = {
  post(path: string, body: object): Promise<Answer>;
  close(): Promise<void>;
};

/** No order is given up by the client: what takes long is to be seen. */
const NO_TIMEOUT = 0;

export function orderFront(url: string, connections: number): OrderFront {
  const pool = new Pool(url, { connections, headersTimeout: NO_TIMEOUT, bodyTimeout: NO_TIMEOUT });
  return {
    post: async (path, body) => {
      const response = await pool.request({
        path,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.statusCode, body: await response.body.text() };
    },
    close: () => pool.destroy(), // not when all are answered: one may never be
  };
}
