import { setTimeout as pause } from 'node:timers/promises';

/** Where each service answers. */
export type ServiceUrls = Readonly<Record<string, string>>;

export type Answer<Body = Record<string, unknown>> = { status: number; headers: Headers; body: Body };

export type OrderView = {
  orderId: string;
  orderNumber: string;
  saga: string;
  status: 'PENDING' | 'COMPLETED' | 'CANCELLED';
  totalAmount: number;
  discountAmount: number;
  finalAmount: number;
  cancelReason: { step: string; code: string; message: string } | null;
  paymentId: string | null;
  deliveryId: string | null;
  endedAt: string | null;
  links: { self: string; saga: string };
};

export type SagaView = {
  sagaId: string;
  status: string;
  stuck: { step: string; code: string } | null;
  failure: { step: string; code: string } | null;
  waitingFor: { step: string; kind: string; why: string }[];
  steps: {
    name: string;
    status: string;
    action: { command: string; commandId: string; outcome: string; attempts: number } | null;
    compensation: { command: string; outcome: string } | null;
  }[];
};

/** How long anything may take on a slow machine before a test gives up. */
const PATIENCE_MS = 5 * 60_000;
const POLL_MS = 100;
const HOLD_SECONDS = 20;
/** Longer than an answer is held, and shorter than a frozen replica stands still: then another one is asked. */
const ANSWER_LIMIT_MS = 60_000;

/** A service does not answer, or says that it cannot now: it may be starting, or have been killed on purpose. */
class NotNow extends Error {}
const isPassing = (error: unknown): boolean =>
  error instanceof NotNow ||
  (error instanceof Error && error.name === 'TimeoutError') ||
  (error instanceof TypeError && ['fetch failed', 'terminated'].includes(error.message));

/** The shop as its customers, its staff and its operators use it: over HTTP alone. */
export class Shop {
  readonly urls: ServiceUrls;
  readonly #replicas: ServiceUrls[];
  #nextId = Date.now();
  #requests = 0;

  /** With several replicas, each request goes to the next of them. */
  constructor(urls: ServiceUrls, ...replicas: ServiceUrls[]) {
    this.urls = urls;
    this.#replicas = [urls, ...replicas];
  }

  /** An id that nothing in this installation has yet. */
  newId(): number {
    this.#nextId += 1;
    return this.#nextId;
  }

  async send<Body = Record<string, unknown>>(
    service: string,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    this.#requests += 1;
    const urls = this.#replicas[this.#requests % this.#replicas.length];
    const response = await fetch(`${urls?.[service]}${path}`, {
      method,
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
  }

  async get<Body>(service: string, path: string, headers?: Record<string, string>): Promise<Body> {
    const { status, body } = await this.send<Body>(service, 'GET', path, undefined, headers);
    if (status === 200) return body;
    const said = `GET ${service} ${path} answered ${status}: ${JSON.stringify(body)}`;
    throw status === 503 || status === 404 ? new NotNow(said) : new Error(said);
  }

  async product({ stock, price = 10_000 }: { stock: number; price?: number }): Promise<number> {
    const productId = this.newId();
    await this.#create('product', '/products', { productId, name: `product ${productId}`, price, stock });
    return productId;
  }

  async user({ balance }: { balance: number }): Promise<number> {
    const userId = this.newId();
    await this.#create('balance', '/accounts', { userId, publicId: `user-${userId}`, balance });
    return userId;
  }

  async coupon(coupon: { userId: number; discountAmount: number; expiresAt?: string }): Promise<number> {
    const couponId = this.newId();
    await this.#create('coupon', '/coupons', { couponId, ...coupon });
    return couponId;
  }

  /** Replaces the list of addresses, by their beginnings, to which nobody delivers. */
  async serveNot(prefixes: readonly string[]): Promise<void> {
    const { status } = await this.send('delivery', 'PUT', '/unserved-areas', { prefixes });
    if (status !== 200) throw new Error(`PUT /unserved-areas was answered ${status}`);
  }

  /** Asks until it is there: the answer that it was made may have been lost. */
  async #create(service: string, path: string, body: unknown): Promise<void> {
    const { status, body: said } = await this.#insist(service, path, body);
    if (status !== 201 && status !== 409) throw new Error(`POST ${service} ${path}: ${JSON.stringify(said)}`);
  }

  /** Asks until it is answered by something else than that it cannot be done now. */
  #insist(service: string, path: string, body: unknown): Promise<Answer> {
    return this.until(
      () => this.send(service, 'POST', path, body),
      ({ status }) => status !== 503,
      `${service} to answer POST ${path}`,
    );
  }

  /** Posts an order; waits while the order service has not yet heard of what was just created. */
  async order(body: unknown, path = '/orders', headers?: Record<string, string>): Promise<Answer<OrderView>> {
    for (const giveUp = Date.now() + PATIENCE_MS; ; await pause(POLL_MS)) {
      const answer = await this.send<OrderView & { errors?: { code: string }[] }>('order', 'POST', path, body, headers);
      const isTooEarly =
        answer.status === 503 ||
        (answer.status === 422 && answer.body.errors?.every(({ code }) => code.endsWith('_UNKNOWN'))) ||
        (answer.status === 404 && path !== '/orders');
      if (!isTooEarly || Date.now() > giveUp) return answer;
    }
  }

  /** Posts an order until it is accepted, whatever happens to the services meanwhile: its key makes it one order. */
  async place(body: unknown): Promise<string> {
    const headers = { 'idempotency-key': `key-${this.newId()}` };
    const answered = await this.until(
      () => this.order(body, '/orders', headers),
      () => true,
      'an order to be answered',
    );
    if (answered.status !== 202) throw new Error(`answered ${answered.status}: ${JSON.stringify(answered.body)}`);
    return answered.body.orderId;
  }

  /** Asks for the order's cancellation, which may come too late. */
  async callOff(orderId: string): Promise<void> {
    const { status, body } = await this.#insist('order', `/orders/${orderId}/cancel`, { reason: 'changed my mind' });
    if (status !== 202 && status !== 409) throw new Error(`cancel was answered ${status}: ${JSON.stringify(body)}`);
  }

  /** Posts an order that must be accepted, and waits until it has ended. */
  async orderToItsEnd(body: unknown): Promise<OrderView> {
    const { status, body: order } = await this.order(body);
    if (status !== 202) throw new Error(`the order was answered ${status}: ${JSON.stringify(order)}`);
    return this.ended(order.orderId);
  }

  /** The order once it is COMPLETED or CANCELLED. */
  async ended(orderId: string): Promise<OrderView> {
    return this.until(
      () => this.get<OrderView>('order', `/orders/${orderId}`, { prefer: `wait=${HOLD_SECONDS}` }),
      (order) => order.status !== 'PENDING',
      `order ${orderId} to end`,
    );
  }

  /** The saga once it has ended too: the order hears of it a message earlier. */
  async endedSaga(orderId: string): Promise<SagaView> {
    return this.until(
      () => this.get<SagaView>('orchestrator', `/sagas/${orderId}`),
      (saga) => saga.status === 'COMPLETED' || saga.status === 'COMPENSATED',
      `saga ${orderId} to end`,
    );
  }

  stock = (productId: number) =>
    this.get<{ available: number; reserved: number; sold: number }>('product', `/products/${productId}`);

  balance = async (userId: number): Promise<number> =>
    (await this.get<{ balance: number }>('balance', `/accounts/${userId}`)).balance;

  couponStatus = async (couponId: number): Promise<string> =>
    (await this.get<{ status: string }>('coupon', `/coupons/${couponId}`)).status;

  /** Asks until the answer is the one that is waited for. */
  async until<Value>(ask: () => Promise<Value>, isIt: (value: Value) => boolean, what: string): Promise<Value> {
    let last: unknown;
    for (const giveUp = Date.now() + PATIENCE_MS; Date.now() < giveUp; await pause(POLL_MS)) {
      try {
        const value = await ask();
        if (isIt(value)) return value;
        last = value;
      } catch (error) {
        if (!isPassing(error)) throw error;
        last = error;
      }
    }
    throw new Error(
      `waited in vain for ${what}; last seen: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
    );
  }
}
