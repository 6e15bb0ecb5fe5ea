import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ailing, moves, orderOf } from '../saga/testing/arbitraries.ts';
import { NINE_O_CLOCK } from '../saga/testing/messages.ts';
import {
  after,
  BY_ADA,
  begun,
  failed,
  HOUR_MS,
  MINUTE_MS,
  operator,
  rejected,
  SECOND_MS,
  succeeded,
} from '../saga/testing/scenario.ts';
import { World } from '../saga/testing/world.ts';
import { placeOrder } from '../sagas/place-order.ts';
import { sagaView } from './saga-view.ts';

describe('what an operator is shown of a saga', () => {
  test('what it waits for, and why, in a sentence', () => {
    const { saga } = begun(placeOrder).when(failed('product'));
    const [product, coupon] = sagaView(placeOrder, { saga, wakeAt: null, lookAt: null }).waitingFor;
    expect(product).toMatchObject({ step: 'product', kind: 'action', command: 'decrease-product-command' });
    expect(product?.why).toMatch(/^attempts used up: 1; the last one failed/);
    expect(coupon).toMatchObject({ step: 'coupon', why: 'no answer yet to the last sending' });
  });

  test('when it is looked at again: at its own moment, or when its saga is woken, where that is later', () => {
    const { saga } = begun(placeOrder, { couponId: null }).when(after(10));
    const nextAt = (lookAt: number) =>
      sagaView(placeOrder, { saga, wakeAt: NINE_O_CLOCK + HOUR_MS, lookAt }).waitingFor.map(
        (command) => command.nextAt,
      );
    const itsOwn = NINE_O_CLOCK + 70 * SECOND_MS;
    expect(nextAt(NINE_O_CLOCK)).toEqual([new Date(itsOwn).toISOString()]);
    expect(nextAt(itsOwn + MINUTE_MS)).toEqual([new Date(itsOwn + MINUTE_MS).toISOString()]);
  });

  test('a refusal after the pivot: it is stuck, and that is what it waits for', () => {
    const steps = ['product', 'coupon', 'balance', 'delivery'].map((step) => succeeded(step));
    const { saga } = begun(placeOrder).when(...steps, rejected('complete', 'FENCED'));
    const view = sagaView(placeOrder, { saga, wakeAt: null, lookAt: null });
    expect(view.stuck).toMatchObject({ step: 'complete', code: 'FENCED' });
    expect(view.waitingFor).toMatchObject([
      { step: 'complete', nextAt: null, why: expect.stringContaining('refused where nobody may refuse') },
    ]);
  });

  test('a paused saga waits for what is unanswered and for what its pause holds back, and says whose pause it is', () => {
    const { saga } = begun(placeOrder, { couponId: null }).when(operator({ action: 'pause' }), succeeded('product'));
    expect(sagaView(placeOrder, { saga, wakeAt: null, lookAt: null })).toMatchObject({
      paused: true,
      allowed: [{ action: 'resume' }, { action: 'compensate' }],
      waitingFor: [
        {
          step: 'balance',
          kind: 'action',
          command: 'deduct-balance-command',
          attempt: 0,
          sentAt: null,
          why: `paused since 2026-03-01T09:00:00.000Z by ${BY_ADA.actor}: ${BY_ADA.reason}`,
        },
      ],
    });
    const waiting = begun(placeOrder).when(operator({ action: 'pause' })).saga;
    expect(
      sagaView(placeOrder, { saga: waiting, wakeAt: null, lookAt: null }).waitingFor.map(
        ({ step, attempt, nextAt }) => [step, attempt, nextAt],
      ),
    ).toEqual([
      ['product', 1, null],
      ['coupon', 1, null],
    ]);
  });

  test('a step that was tried anew waits for its answer, and no more for its first refusal', () => {
    const steps = ['product', 'coupon', 'balance', 'delivery'].map((step) => succeeded(step));
    const { saga } = begun(placeOrder).when(...steps, rejected('complete', 'FENCED'), operator({ action: 'retry' }));
    expect(sagaView(placeOrder, { saga, wakeAt: null, lookAt: null }).waitingFor).toMatchObject([
      { step: 'complete', why: 'no answer yet to the last sending' },
    ]);
  });

  test('something, always: no saga that has not ended waits for nothing, whatever has happened to it', () => {
    const story = fc.record({
      order: orderOf('place-order'),
      natures: ailing(placeOrder),
      moves: moves({ forgetting: true }),
    });
    fc.assert(
      fc.property(story, ({ order, natures, moves: happenings }) => {
        const world = new World(placeOrder, order, natures);
        for (const move of happenings) {
          world.happens(move);
          if (world.state && world.state.status !== 'AWAITED' && world.state.endedAt === undefined)
            expect(sagaView(placeOrder, { saga: world.state, wakeAt: null, lookAt: null }).waitingFor).not.toEqual([]);
        }
      }),
    );
  });

  test('a saga whose definition is not registered here is shown all the same', () => {
    const { saga } = begun(placeOrder);
    const view = sagaView(undefined, { saga, wakeAt: null, lookAt: null });
    expect(view.steps.map(({ name, status }) => [name, status])).toContainEqual(['product', 'SENT']);
    expect(view.steps[0]?.action?.command).toContain('not registered');
  });
});
