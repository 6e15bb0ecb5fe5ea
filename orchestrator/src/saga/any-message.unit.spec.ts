import { orderActionId } from '@saga/messages/ids';
import { describe, expect, test } from 'vitest';
import { placeOrder } from '../sagas/place-order.ts';
import { triedAgain } from './testing/generations.ts';
import { ORDER_ID } from './testing/messages.ts';
import {
  after,
  begun,
  cancelled,
  created,
  failed,
  failedToUndo,
  forged,
  given,
  type Happening,
  rejected,
  type Scenario,
  succeeded,
  undone,
  whenDue,
} from './testing/scenario.ts';

const OTHERS_ID = '01980000-0000-5000-8000-0000000000ff';
const noCoupon = { couponId: null };
const completed = () =>
  begun(placeOrder, noCoupon).when(
    succeeded('product'),
    succeeded('balance'),
    succeeded('delivery'),
    succeeded('complete'),
  );
const compensated = () => begun(placeOrder, noCoupon).when(cancelled(), undone('product'), undone('order'));

describe('a fact seen before changes nothing and sends again what it caused and what is still unanswered (trap 27)', () => {
  test('a success', () => {
    const scenario = begun(placeOrder, noCoupon).when(succeeded('product'));
    const { onlySent } = scenario;
    scenario.when(succeeded('product')).staysAsItWas();
    expect(scenario.sent).toEqual([onlySent]);
  });

  test('but nothing that another fact caused', () => {
    begun(placeOrder)
      .when(succeeded('product'), succeeded('coupon'))
      .when(succeeded('product'))
      .staysAsItWas()
      .sendsNothing()
      .when(succeeded('coupon'))
      .sends('deduct-balance-command');
  });

  test('and nothing that has been answered: its chain does not run again', () => {
    begun(placeOrder, noCoupon)
      .when(succeeded('product'), succeeded('balance'))
      .when(succeeded('product'))
      .staysAsItWas()
      .sendsNothing();
  });

  test('a refusal: the compensations that it caused', () => {
    begun(placeOrder)
      .when(succeeded('product'), rejected('coupon', 'COUPON_EXPIRED'))
      .when(rejected('coupon', 'COUPON_EXPIRED'))
      .staysAsItWas()
      .sends('restore-product-command');
  });

  test('the failure that used up the attempts: the compensations that it caused', () => {
    const scenario = begun(placeOrder, noCoupon);
    for (let used = 1; used < 8; used += 1) scenario.when(failed('product'), whenDue());
    scenario.when(failed('product')).is('COMPENSATING');
    scenario.when(failed('product')).staysAsItWas().sends('restore-product-command');
  });

  test('an acknowledged undo: what was undone after it, as far as that is unanswered', () => {
    begun(placeOrder)
      .when(succeeded('product'), succeeded('coupon'), cancelled(), undone('balance'), undone('coupon'))
      .when(undone('balance'))
      .staysAsItWas()
      .sends('restore-product-command');
  });

  test('the sending as it is now: the same attempt, not another', () => {
    const scenario = begun(placeOrder, noCoupon).when(succeeded('product'), failed('balance')).when(whenDue());
    const { onlySent } = scenario;
    expect(onlySent.envelope.attempt).toBe(2);
    scenario.when(succeeded('product')).staysAsItWas();
    expect(scenario.sent).toEqual([onlySent]);
  });

  test('no action that is being undone', () => {
    begun(placeOrder, noCoupon)
      .when(succeeded('product'), cancelled())
      .when(succeeded('product'))
      .staysAsItWas()
      .sendsNothing();
  });
});

describe('a fact for a step already settled changes nothing', () => {
  test.each<[string, () => Scenario, Happening]>([
    ['a refusal after a success', () => begun(placeOrder).when(succeeded('product')), rejected('product', 'FENCED')],
    ['a failure after a success', () => begun(placeOrder).when(succeeded('product')), failed('product')],
    [
      'a success after a refusal',
      () => begun(placeOrder).when(rejected('product', 'OUT_OF_STOCK')),
      succeeded('product'),
    ],
    [
      'a failed undo after an acknowledged one',
      () => begun(placeOrder).when(cancelled(), undone('product')),
      failedToUndo('product'),
    ],
  ])('%s', (_what, scenario, fact) => {
    scenario().when(fact).staysAsItWas();
  });
});

describe('a fact that answers no command of this saga is a dead letter', () => {
  test('for a command id that the saga never sent', () => {
    const stray = forged(succeeded('product'), ({ envelope }) => ({ envelope: { ...envelope, commandId: OTHERS_ID } }));
    begun(placeOrder).when(stray).isDeadLetter('UNKNOWN_COMMAND');
    begun(placeOrder).when(cancelled()).when(stray).isDeadLetter('UNKNOWN_COMMAND');
    completed().when(stray).isDeadLetter('UNKNOWN_COMMAND');
  });

  test('for no command id at all', () => {
    const nameless = forged(succeeded('product'), ({ envelope }) => ({
      envelope: { ...envelope, commandId: undefined },
    }));
    const scenario = begun(placeOrder).when(nameless).isDeadLetter('UNKNOWN_COMMAND');
    expect(scenario.last.dead?.message).toBe(
      `saga ${ORDER_ID} never sent a command (none) that product-decreased answers`,
    );
  });

  test('for the order’s own creation: that was no command', () => {
    const toCreation = forged(succeeded('product'), ({ envelope }) => ({
      envelope: { ...envelope, commandId: orderActionId(ORDER_ID) },
    }));
    begun(placeOrder).when(toCreation).isDeadLetter('UNKNOWN_COMMAND');
  });

  test('for a command id of another command than the fact answers', () => {
    const mistaken = forged(succeeded('product'), () => ({ topic: 'coupon-used' }));
    const scenario = begun(placeOrder).when(mistaken).isDeadLetter('UNKNOWN_COMMAND');
    expect(scenario.last.answered).toBe(undefined);
  });

  test('for an unknown saga, and for one whose order is not known yet', () => {
    const fact = succeeded('product')(begun(placeOrder));
    const unknown = given(placeOrder)
      .when(() => fact)
      .isDeadLetter('UNKNOWN_SAGA');
    expect(unknown.last.dead?.message).toBe(`there is no saga ${ORDER_ID}`);
    given(placeOrder)
      .when(cancelled())
      .when(() => fact)
      .isDeadLetter('UNKNOWN_SAGA')
      .is('AWAITED');
  });
});

describe('order-created', () => {
  test('redelivered: the saga stays, and its unanswered first commands go out again', () => {
    const scenario = begun(placeOrder);
    const [product, coupon] = scenario.sent;
    scenario.when(created()).staysAsItWas();
    expect(scenario.sent).toEqual([product, coupon]);
    scenario.when(succeeded('product')).when(created()).staysAsItWas();
    expect(scenario.sent).toEqual([coupon]);
  });

  test('redelivered to a saga whose first commands have been answered sends nothing', () => {
    begun(placeOrder, noCoupon).when(succeeded('product')).when(created()).staysAsItWas().sendsNothing();
  });

  test('redelivered to a saga that was cancelled before it began: its cancelling goes out again', () => {
    given(placeOrder).when(cancelled(), created()).when(created()).staysAsItWas().sends('cancel-order-command');
  });

  test('announced again creates a missing saga', () => {
    given(placeOrder).when(created(2)).is('RUNNING').sends('decrease-product-command', 'use-coupon-command');
  });

  test('announced again to a saga that is there does nothing', () => {
    begun(placeOrder).when(created(2)).staysAsItWas().sendsNothing();
  });
});

describe('a cancellation', () => {
  test('of a saga that is not known is kept, and applied right after the order is', () => {
    const scenario = given(placeOrder).when(cancelled('changed my mind')).is('AWAITED').sendsNothing();
    expect(scenario.state).toMatchObject({ id: ORDER_ID, version: 1, partition: 3, updatedAt: scenario.now });
    scenario.when(after(5), created()).is('COMPENSATING');
    scenario.failsWith('CANCELLED_BY_CUSTOMER', 'order', 'changed my mind');
    scenario.sends('cancel-order-command').hasSteps({ product: 'WAITING', coupon: 'WAITING' });
    expect(scenario.saga).toMatchObject({ version: 2, startedAt: scenario.now });
    scenario.when(undone('order')).is('COMPENSATED');
  });

  test('kept for an order that is announced again is applied as well', () => {
    given(placeOrder).when(cancelled(), created(2)).is('COMPENSATING').sends('cancel-order-command');
  });

  test('of a saga that is not known, asked for again, is kept once', () => {
    const cancellation = cancelled();
    given(placeOrder).when(cancellation).when(cancellation).staysAsItWas().when(cancelled()).staysAsItWas();
  });

  test('delivered again: its compensations go out again, as far as they are unanswered', () => {
    const cancellation = cancelled();
    begun(placeOrder)
      .when(cancellation)
      .when(cancellation)
      .staysAsItWas()
      .sends('restore-product-command', 'restore-coupon-command')
      .when(undone('coupon'))
      .when(cancellation)
      .staysAsItWas()
      .sends('restore-product-command');
  });

  test('asked for once more, while the saga is going back, stands in the journal and does nothing else', () => {
    begun(placeOrder).when(cancelled('too dear')).when(cancelled('too late')).onlyRecords();
  });

  test('that comes after a refusal stands in the journal and does nothing else', () => {
    begun(placeOrder).when(rejected('coupon', 'COUPON_EXPIRED')).when(cancelled()).onlyRecords();
  });

  test('that comes when the saga has ended stands in the journal and does nothing else', () => {
    completed().when(after(5), cancelled()).is('COMPLETED');
    completed().when(cancelled()).onlyRecords();
    compensated().when(cancelled()).onlyRecords();
  });

  test('that came too late and comes again is no news: to play a topic again changes nothing', () => {
    const cancellation = cancelled();
    completed().when(cancellation).onlyRecords().when(cancellation).staysAsItWas().sendsNothing();
    begun(placeOrder).when(cancelled(), cancellation).when(cancellation).staysAsItWas();
  });

  test('the same that began the saga cancelled, come again, is no news', () => {
    const cancellation = cancelled();
    given(placeOrder).when(cancellation, created()).when(cancellation).staysAsItWas().sendsNothing();
  });

  test('too late for the seventeenth time is not even noted: a row each is not worth it', () => {
    const scenario = completed().when(...Array.from({ length: 16 }, () => cancelled()));
    expect(scenario.saga.cancelRequests).toHaveLength(16);
    scenario.when(cancelled()).staysAsItWas();
  });
});

describe('a fact of an older generation is recorded there, and never settles the current one', () => {
  const tried = () => triedAgain(begun(placeOrder, noCoupon), 'product');

  test('a success', () => {
    const scenario = tried().when(succeeded('product', { generation: 0 }));
    scenario.is('RUNNING').sendsNothing().hasSteps({ product: 'SENT' });
    expect(scenario.action('product', 0).answer?.outcome).toBe('success');
    expect(scenario.action('product', 1).answer).toBe(undefined);
    scenario.when(succeeded('product')).sends('deduct-balance-command');
  });

  test('a refusal', () => {
    const scenario = tried().when(rejected('product', 'FENCED', { generation: 0 }));
    scenario.is('RUNNING').sendsNothing().hasSteps({ product: 'SENT' });
    expect(scenario.action('product', 0).answer?.outcome).toBe('rejected');
  });

  test('a failure changes nothing at all', () => {
    tried()
      .when(failed('product', { generation: 0 }))
      .staysAsItWas();
  });

  test('and nothing is sent again of it: it is not waited for', () => {
    const scenario = tried().when(after(10, { probing: ['product'] }));
    expect(scenario.onlySent.envelope.id).toBe(scenario.action('product', 1).commandId);
  });

  test('the reply that later steps read is the current one’s', () => {
    const scenario = triedAgain(
      begun(placeOrder, noCoupon).when(succeeded('product')).when(succeeded('balance')),
      'balance',
    ).changed((saga) => ({ ...saga, steps: { ...saga.steps, delivery: { status: 'WAITING' } } }));
    scenario.when(succeeded('balance')).when(succeeded('delivery')).sends('complete-order-command');
    expect(scenario.onlySent.body).toMatchObject({ paymentId: scenario.action('balance', 1).commandId });
  });
});

describe('once the saga has ended, nothing is sent', () => {
  const ended: [string, () => Scenario, Happening[]][] = [
    ['COMPLETED', completed, [succeeded('product'), succeeded('complete'), failed('complete')]],
    ['COMPENSATED', compensated, [succeeded('product'), undone('product'), undone('order'), failedToUndo('order')]],
  ];

  test.each(ended)('%s', (status, scenario, facts) => {
    const anything = [...facts, created(), created(2), cancelled(), after(60 * 60 * 24)];
    for (const happening of anything) scenario().when(happening).sendsNothing();
    scenario()
      .when(...anything, ...anything)
      .sendsNothing();
    expect(scenario().when(...anything).state?.status).toBe(status);
  });
});
