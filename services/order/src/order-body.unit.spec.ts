import { faultyFields } from '@saga/service-kit/faulty-fields';
import { describe, expect, it } from 'vitest';
import { orderBody, pointerInto, requestOf } from './order-body.ts';

const faultsOf = (body: unknown): string[] => {
  const parsed = orderBody.safeParse(body);
  return faultyFields(body, parsed.error?.issues ?? []).map(({ pointer, code }) => `${pointer} ${code}`);
};

const line = { productId: 1, quantity: 1 };
const shipTo = { recipientName: 'Hong', address: 'Seoul', phone: '010-1234-5678' };

describe('both forms', () => {
  it('mean the same request', () => {
    const single = orderBody.parse({ userId: 1, productId: 1, quantity: 2, price: 10_000 });
    const several = orderBody.parse({
      price: undefined,
      items: [{ price: 10_000, quantity: 2, productId: 1 }],
      userId: 1,
    });
    expect(requestOf(single)).toEqual({
      saga: 'place-order',
      userId: 1,
      items: [{ productId: 1, quantity: 2, price: 10_000 }],
      couponId: null,
      shipTo: null,
    });
    expect(JSON.stringify(requestOf(several))).toBe(JSON.stringify(requestOf(single)));
  });

  it('are objects: of anything else only that is told', () => {
    for (const other of [[], 'x', 1])
      expect(orderBody.safeParse(other).error?.issues).toMatchObject([{ code: 'invalid_type', path: [] }]);
  });

  it('have their own pointers', () => {
    const inSingle = pointerInto(orderBody.parse({ userId: 1, ...line }));
    expect(['/items/0/price', '/items', '/couponId', '/userId'].map(inSingle)).toEqual([
      '/price',
      '/quantity',
      '/couponId',
      '/userId',
    ]);
    expect(pointerInto(orderBody.parse({ userId: 1, items: [line] }))('/items/0/price')).toBe('/items/0/price');
  });
});

describe('a body is refused', () => {
  it.each<[string, object, string[]]>([
    ['with both forms at once', { userId: 1, items: [line], ...line }, ['/productId TWO_FORMS', '/quantity TWO_FORMS']],
    ['with neither form', { userId: 1 }, ['/items REQUIRED']],
    ['with half of the single form', { userId: 1, productId: 1 }, ['/quantity REQUIRED']],
    ['without items', { userId: 1, items: [] }, ['/items TOO_SMALL']],
    ['with a product twice', { userId: 1, items: [line, line] }, ['/items/1/productId DUPLICATE_PRODUCT']],
    ['with an unknown field', { userId: 1, items: [{ ...line, colour: 'red' }] }, ['/items/0/colour UNKNOWN_FIELD']],
    ['with an unknown saga', { userId: 1, items: [line], saga: 'steal-order' }, ['/saga INVALID_VALUE']],
    [
      'with an empty address',
      { userId: 1, items: [line], shipTo: { ...shipTo, address: '' } },
      ['/shipTo/address TOO_SMALL'],
    ],
    [
      'with a novel for a name',
      { userId: 1, items: [line], shipTo: { ...shipTo, recipientName: 'x'.repeat(201) } },
      ['/shipTo/recipientName TOO_BIG'],
    ],
    ['with a negative quantity', { userId: 1, items: [{ ...line, quantity: -1 }] }, ['/items/0/quantity TOO_SMALL']],
    ['with a fraction', { userId: 1, items: [{ ...line, quantity: 1.5 }] }, ['/items/0/quantity INVALID_TYPE']],
    ['with 10^18 of something', { userId: 1, items: [{ ...line, quantity: 1e18 }] }, ['/items/0/quantity TOO_BIG']],
    [
      'for everything that is wrong with it, at once',
      { userId: 'one', productId: 1, items: [{ productId: 0 }], price: -1 },
      [
        '/userId INVALID_TYPE',
        '/items/0/productId TOO_SMALL',
        '/items/0/quantity REQUIRED',
        '/price TOO_SMALL',
        '/productId TWO_FORMS',
        '/price TWO_FORMS',
      ],
    ],
  ])('%s', (_case, body, faults) => {
    expect(faultsOf(body)).toEqual(faults);
  });
});
