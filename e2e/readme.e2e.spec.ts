import { readFileSync } from 'node:fs';
import { expect, inject, test } from 'vitest';
import { examplesIn, expectAsPrinted } from './printed-example.ts';
import { Shop } from './shop.ts';

const shop = new Shop(inject('serviceUrls'));
const { order = '', orchestrator = '' } = shop.urls;

/** Where the README has the services, and how they call themselves there. */
const servedAt: Readonly<Record<string, string>> = { 8080: orchestrator, 8081: order };
const asPrinted = (text: string): string =>
  text.replaceAll(order, 'http://localhost:8081').replaceAll(orchestrator, 'http://127.0.0.1:8080');

const hasEnded = ({ text }: { text: string }): boolean => !/"status":"(PENDING|RUNNING|COMPENSATING)"/.test(text);

test('the requests that the README prints are answered as it prints', async () => {
  const examples = examplesIn(readFileSync(new URL('../README.md', import.meta.url), 'utf8'));
  expect(examples.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET', 'POST', 'GET']);
  let orderId = '';
  for (const { url, method, headers, body, answer } of examples) {
    const address = `${servedAt[url.port]}${decodeURI(url.pathname).replace('<orderId>', orderId)}`;
    const ask = async () => {
      const response = await fetch(address, { method, headers, body });
      return { ok: response.ok, text: await response.text() };
    };
    // The saga hears that all is done a message after the order does.
    const { ok, text } = method === 'GET' ? await shop.until(ask, hasEnded, `the end of ${address}`) : await ask();
    expect(ok, text).toBe(true);
    expectAsPrinted(JSON.parse(asPrinted(text)), answer);
    if (method === 'POST') orderId = JSON.parse(text).orderId;
  }
});
