import type { Act } from '@saga/orchestrator/saga/incoming';
import type { Option } from '@saga/orchestrator/saga/operator';
import { optionsOf } from '@saga/orchestrator/saga/operator';
import { lastRunOf, type Saga } from '@saga/orchestrator/saga/state';
import { allSagas } from '@saga/orchestrator/sagas/all';
import { isTransient, messageOf } from '@saga/service-kit/faults';
import { Problem } from '@saga/service-kit/problem';
import type { SagaEntry } from '../memory-stores/sagas.ts';
import type { World } from './world.ts';

const ACTOR = 'an operator';
/** The saga has moved on since it was looked at; or this replica does not know its definition. */
const EXPECTED: ReadonlySet<number> = new Set([409, 503]);
const RESUME_EVERY_MS = 30_000;

/** People who look at a saga, choose something that is allowed, and do it a little later. */
export class Operators {
  readonly #world: World;
  constructor(world: World) {
    this.#world = world;
  }

  /** They do something to some saga that has not ended. */
  async act(): Promise<void> {
    const { chance } = this.#world;
    const open = this.#openSagas();
    if (open.length === 0) return;
    const saga = sagaOf(chance.oneOf(open));
    const options = optionsFor(saga).filter((option) => this.#isHonest(saga, option));
    if (options.length > 0) await this.#take(saga, actOf(chance.oneOf(options)));
  }

  /** When all is calm nobody leaves a saga paused. */
  resumeAll(): void {
    for (const entry of this.#openSagas())
      if (entry.state.includes('"paused"')) void this.#take(sagaOf(entry), { action: 'resume' });
    this.#world.time.after(RESUME_EVERY_MS, () => this.resumeAll());
  }

  #openSagas(): SagaEntry[] {
    return [...this.#world.tables.orchestrator.sagas.rows.values()].filter(
      ({ hasEnded, definition }) => !hasEnded && definition !== undefined,
    );
  }

  /** Nobody says that something was undone without having looked. */
  #isHonest({ steps, id }: Saga, { action, step }: Option): boolean {
    if (action !== 'force-compensated' || step === undefined) return true;
    const actionId = lastRunOf(steps[step] ?? { status: 'WAITING' })?.action.commandId ?? id;
    const { product, balance, coupon, delivery } = this.#world.tables;
    switch (step) {
      case 'product':
        return product.reservations.rows.get(actionId)?.status === 'RELEASED';
      case 'balance':
        return balance.payments.rows.get(actionId)?.status === 'REFUNDED';
      case 'delivery':
        return delivery.deliveries.rows.get(actionId)?.status === 'CANCELLED';
      case 'coupon':
        return (
          coupon.inbox.rows.has(actionId) &&
          ![...coupon.coupons.rows.values()].some(({ use }) => use?.actionId === actionId)
        );
      default:
        return false;
    }
  }

  async #take(saga: Saga, act: Act): Promise<void> {
    const { chance, faults } = this.#world;
    const offices = this.#world.upReplicasOf('orchestrator').flatMap(({ office }) => office ?? []);
    if (offices.length === 0) return;
    this.#world.tell('operator', `${saga.id} ${act.action} ${'step' in act ? (act.step ?? '') : ''}`);
    try {
      await chance
        .oneOf(offices)
        .operate(saga.id, act, { actor: ACTOR, reason: 'a look', expectedVersion: saga.version });
      faults.count(`operator: ${act.action}`);
    } catch (error) {
      if (error instanceof Problem && EXPECTED.has(error.status)) faults.count(`operator: answered ${error.status}`);
      else if (!isTransient(error))
        this.#world.complain(`an operator may not ${act.action} though it was offered`, messageOf(error));
    }
  }
}

const sagaOf = ({ state }: SagaEntry): Saga => JSON.parse(state) as Saga;

function optionsFor(saga: Saga): Option[] {
  const definition = allSagas.find(saga.definition.name, saga.definition.version);
  return definition ? optionsOf(definition, saga) : [];
}

function actOf({ action, step = '', needsEvidence }: Option): Act {
  const evidence = 'seen with their own eyes';
  switch (action) {
    case 'retry':
      return { action, step, evidence: needsEvidence && evidence };
    case 'skip':
      return { action, step };
    case 'force-compensated':
      return { action, step, evidence };
    case 'compensate':
    case 'pause':
    case 'resume':
      return { action };
    default:
      throw action satisfies never;
  }
}
