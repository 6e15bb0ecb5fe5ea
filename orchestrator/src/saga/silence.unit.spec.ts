import { describe, expect, test } from 'vitest';
import { placeOrder } from '../sagas/place-order.ts';
import { reserveOrder } from '../sagas/reserve-order.ts';
import { chain } from './testing/definitions.ts';
import { NINE_O_CLOCK } from './testing/messages.ts';
import {
  after,
  begun,
  cancelled,
  failed,
  failedToUndo,
  HOUR_MS,
  MINUTE_MS,
  rejected,
  type Scenario,
  SECOND_MS,
  succeeded,
  undone,
  whenDue,
} from './testing/scenario.ts';

/** Only the product's command is under way. */
const waiting = () => begun(placeOrder, { couponId: null });
const delivered = () =>
  begun(placeOrder).when(succeeded('product'), succeeded('coupon'), succeeded('balance'), succeeded('delivery'));
const undoing = () => begun(placeOrder).when(succeeded('product'), rejected('coupon', 'COUPON_EXPIRED'));

const DECREASE = 'decrease-product-command';
const tenSecondsLater = NINE_O_CLOCK + 10 * SECOND_MS;

/** The participant answers nothing for so long, though it is asked again and again. */
function silentFor(scenario: Scenario, step: string, durationMs: number): Scenario {
  const until = scenario.now + durationMs;
  while ((scenario.wokenAt ?? 0) <= until) scenario.when(whenDue({ probing: [step] }));
  return scenario;
}

describe('no reply by the timeout, and overtaken: something sent later on its topic was answered', () => {
  test('counts as an attempt, and sends the same command again after the backoff', () => {
    const scenario = waiting();
    const first = scenario.onlySent;
    scenario.when(after(10, { overtaken: ['product'] })).sendsNothing();
    expect(scenario.action('product')).toMatchObject({ attempt: 1, used: 1, next: { why: 'backoff' } });
    scenario.when(whenDue());
    expect(scenario.onlySent).toEqual({ ...first, envelope: { ...first.envelope, attempt: 2 } });
  });

  test('finds a lost command quickly: all attempts are used up within minutes, and the saga turns back', () => {
    const scenario = waiting();
    while (scenario.saga.status === 'RUNNING') scenario.when(whenDue({ overtaken: ['product'] }));
    scenario.failsWith('STEP_TIMED_OUT', 'product');
    expect(scenario.action('product')).toMatchObject({ attempt: 8, used: 8 });
    expect(scenario.now - NINE_O_CLOCK).toBeLessThan(5 * MINUTE_MS);
  });

  test.each([
    ['a sending of the same moment does not overtake', 0, 0],
    ['a sending one millisecond later does', 1, 1],
  ])('%s', (_what, laterMs, used) => {
    const scenario = waiting();
    scenario.answeredUpTo.set(DECREASE, NINE_O_CLOCK + laterMs);
    scenario.when(after(10));
    expect(scenario.action('product').used).toBe(used);
  });

  test('by a sending made after this one’s last: what overtook the first sending is not enough for the second', () => {
    const scenario = waiting().when(after(10, { overtaken: ['product'] }), whenDue(), after(10));
    expect(scenario.action('product')).toMatchObject({ attempt: 2, used: 1, next: { why: 'silent' } });
  });

  test('on another topic does not count', () => {
    const scenario = begun(placeOrder).when(after(10, { overtaken: ['coupon'] }));
    expect(scenario.action('coupon')).toMatchObject({ used: 1, next: { why: 'backoff' } });
    expect(scenario.action('product')).toMatchObject({ used: 0, next: { why: 'silent' } });
  });

  test('counts for a compensation, too', () => {
    const scenario = undoing().when(after(10, { overtaken: ['product'] }));
    expect(scenario.compensation('product')).toMatchObject({ used: 1, next: { why: 'backoff' } });
  });
});

describe('what overtakes others: the time of the sending that a fact answers', () => {
  test('is the sending’s own for the last one', () => {
    const scenario = waiting().when(failed('product'), whenDue());
    const secondSending = scenario.now;
    scenario.when(after(3), succeeded('product'));
    expect(scenario.last.answered).toEqual({ topic: DECREASE, sentAt: secondSending });
  });

  test('is the first’s for any other: nothing is taken for overtaken too early', () => {
    const scenario = waiting().when(failed('product'), whenDue(), failed('product'), whenDue());
    scenario.when(succeeded('product', { attempt: 2 }));
    expect(scenario.last.answered).toEqual({ topic: DECREASE, sentAt: NINE_O_CLOCK });
  });

  test('is told by failures, by duplicates and by late facts as well: the participant was there', () => {
    const answered = { topic: DECREASE, sentAt: NINE_O_CLOCK };
    expect(waiting().when(failed('product')).last.answered).toEqual(answered);
    expect(waiting().when(succeeded('product'), succeeded('product')).last.answered).toEqual(answered);
    expect(waiting().when(cancelled(), succeeded('product')).last.answered).toEqual(answered);
  });

  test('is told of compensations under their own topic', () => {
    const scenario = undoing().when(undone('product'));
    expect(scenario.last.answered).toEqual({ topic: 'restore-product-command', sentAt: NINE_O_CLOCK });
  });
});

describe('no reply by the timeout, and not overtaken: the participant is behind or away', () => {
  test('the saga waits: no attempt is counted, nothing is sent again', () => {
    const scenario = waiting().when(after(10)).is('RUNNING').sendsNothing();
    expect(scenario.action('product')).toMatchObject({
      attempt: 1,
      used: 0,
      sentAt: NINE_O_CLOCK,
      silentSince: NINE_O_CLOCK,
      next: { at: tenSecondsLater + MINUTE_MS, why: 'silent' },
    });
  });

  test('it is probed where it may be, at the backoff’s maximum: the same command, attempt + 1, not counted', () => {
    const scenario = waiting();
    const first = scenario.onlySent;
    scenario.when(after(10, { probing: ['product'] }));
    expect(scenario.onlySent).toEqual({ ...first, envelope: { ...first.envelope, attempt: 2 } });
    expect(scenario.action('product')).toMatchObject({
      attempt: 2,
      used: 0,
      sentAt: tenSecondsLater,
      silentSince: NINE_O_CLOCK,
      next: { at: tenSecondsLater + MINUTE_MS, why: 'silent' },
    });
    scenario.when(after(59, { probing: ['product'] })).staysAsItWas();
    scenario.when(after(1, { probing: ['product'] })).sends(DECREASE);
    scenario.when(whenDue()).sendsNothing();
    expect(scenario.action('product')).toMatchObject({ attempt: 3, used: 0, silentSince: NINE_O_CLOCK });
  });

  test('a mark from before the clock was put back overtakes nothing (trap 16)', () => {
    const scenario = waiting();
    scenario.answeredUpTo.set(DECREASE, NINE_O_CLOCK + HOUR_MS);
    scenario.when(after(10)).sendsNothing();
    expect(scenario.action('product')).toMatchObject({ used: 0, next: { why: 'silent' } });
  });

  test('the longer the silence, the more rarely the saga is looked at: after as long again, a minute at least, five at most', () => {
    const scenario = waiting();
    const minutes: number[] = [];
    while ((scenario.wokenAt ?? 0) < NINE_O_CLOCK + 30 * MINUTE_MS) {
      scenario.when(whenDue());
      minutes.push(((scenario.wokenAt ?? 0) - scenario.now) / MINUTE_MS);
    }
    expect(minutes.slice(0, 6)).toEqual([1, 70 / 60, 140 / 60, 280 / 60, 5, 5]);
  });

  test('that it goes on is no news: of a saga that is looked at and not probed nothing changes', () => {
    const scenario = waiting().when(after(10));
    scenario.when(whenDue()).staysAsItWas();
    scenario.when(whenDue()).staysAsItWas();
    scenario.when(whenDue({ probing: ['product'] })).sends(DECREASE);
    expect(scenario.action('product')).toMatchObject({ attempt: 2, silentSince: NINE_O_CLOCK });
  });

  test('only the topics that may be probed are', () => {
    begun(placeOrder)
      .when(after(10, { probing: ['coupon'] }))
      .sends('use-coupon-command');
  });

  test('an outage is waited out: the answer to any probe goes on as if nothing had been', () => {
    const scenario = silentFor(waiting(), 'product', 50 * MINUTE_MS).is('RUNNING');
    scenario.when(succeeded('product')).sends('deduct-balance-command');
    expect(scenario.action('product').silentSince).toBe(undefined);
  });

  test('up to the deadline', () => {
    silentFor(waiting(), 'product', HOUR_MS).is('COMPENSATING').failsWith('DEADLINE', 'product');
  });

  test('a probe that is overtaken in its turn counts as an attempt: the participant is back and does not know it', () => {
    const scenario = waiting().when(after(10, { probing: ['product'] }), after(60, { overtaken: ['product'] }));
    expect(scenario.action('product')).toMatchObject({ attempt: 2, used: 1, next: { why: 'backoff' } });
    expect(scenario.action('product').silentSince).toBe(undefined);
  });

  test('a probe that fails counts as an attempt, and ends the silence', () => {
    const scenario = waiting().when(after(10, { probing: ['product'] }), failed('product'));
    expect(scenario.action('product')).toMatchObject({ attempt: 2, used: 1, next: { why: 'backoff' } });
    expect(scenario.action('product').silentSince).toBe(undefined);
  });
});

describe('where no deadline runs, silence longer than the deadline’s length is stuck, and still probed', () => {
  test('after the pivot', () => {
    const scenario = silentFor(delivered(), 'complete', HOUR_MS);
    expect(scenario.action('complete').stuck).toBe(undefined);
    scenario
      .when(whenDue({ probing: ['complete'] }))
      .is('RUNNING')
      .sends('complete-order-command');
    scenario.isStuck('action', 'complete', 'PARTICIPANT_SILENT');
    const since = scenario.now;
    silentFor(scenario, 'complete', HOUR_MS);
    expect(scenario.action('complete')).toMatchObject({ used: 0, stuck: { since, code: 'PARTICIPANT_SILENT' } });
    scenario.when(succeeded('complete')).is('COMPLETED');
  });

  test('while a pivot without a compensation is under way', () => {
    const scenario = begun(reserveOrder).when(succeeded('product'), succeeded('balance'), succeeded('coupon'));
    silentFor(scenario, 'complete', HOUR_MS + 5 * MINUTE_MS).is('RUNNING');
    expect(scenario.action('complete').stuck?.code).toBe('PARTICIPANT_SILENT');
  });

  test('going back', () => {
    const scenario = silentFor(undoing(), 'product', HOUR_MS + 5 * MINUTE_MS).is('COMPENSATING');
    expect(scenario.compensation('product').stuck?.code).toBe('PARTICIPANT_SILENT');
    scenario.when(whenDue({ probing: ['product'] })).sends('restore-product-command');
  });

  test('but silence of exactly that length is not', () => {
    const definition = chain({ compensationRetry: { timeoutMs: HOUR_MS } });
    const scenario = begun(definition)
      .when(cancelled())
      .when(after(60 * 60));
    expect(scenario.compensation('product')).toMatchObject({ next: { why: 'silent' } });
    expect(scenario.compensation('product').stuck).toBe(undefined);
  });

  test('silence begins with the sending that was not answered, not with an earlier one that was', () => {
    const definition = chain({ compensationRetry: { backoff: { initialMs: HOUR_MS, factor: 1, maxMs: HOUR_MS } } });
    const scenario = begun(definition).when(cancelled()).when(failedToUndo('product'), whenDue());
    const secondSending = scenario.now;
    scenario.when(after(10));
    expect(scenario.compensation('product').silentSince).toBe(secondSending);
    scenario.when(whenDue());
    expect(scenario.compensation('product').stuck?.code).toBe('PARTICIPANT_SILENT');
  });

  test('and is over when the participant answers, even that it failed', () => {
    const scenario = silentFor(undoing(), 'product', HOUR_MS + 5 * MINUTE_MS);
    scenario.when(whenDue({ probing: ['product'] })).when(failedToUndo('product'));
    expect(scenario.compensation('product')).toMatchObject({ used: 1, next: { why: 'backoff' } });
    expect(scenario.compensation('product').stuck).toBe(undefined);
  });

  test('stuck tells since when, and by what it is held up now', () => {
    const scenario = begun(placeOrder).when(cancelled()).when(undone('coupon'));
    while (scenario.compensation('product').used < 8) scenario.when(failedToUndo('product'), whenDue());
    const since = scenario.compensation('product').stuck?.since ?? 0;
    expect(scenario.compensation('product').stuck?.code).toBe('STEP_FAILED');
    scenario.when(after(10, { overtaken: ['product'] }));
    expect(scenario.compensation('product').stuck).toEqual({ since, code: 'STEP_TIMED_OUT' });
    silentFor(scenario, 'product', 2 * HOUR_MS);
    expect(scenario.compensation('product').stuck).toEqual({ since, code: 'STEP_TIMED_OUT' });
    expect(scenario.compensation('product').silentSince).toBeDefined();
  });
});
