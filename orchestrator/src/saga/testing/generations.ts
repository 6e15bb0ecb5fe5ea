import { commandId, type Operation } from '@saga/messages/ids';
import { commandMessage } from '../command-message.ts';
import { atRest, type Run, runsOf, type SentCommand, stateOf } from '../state.ts';
import type { Scenario } from './scenario.ts';

const SOMEBODY = '01980000-0000-7000-8000-00000000000a';

type Ending = 'undone' | 'refused' | 'unknown';

/**
 * A step is tried once more under a new command id, as an operator may have it done where every earlier generation was
 * refused or its undo acknowledged (`unknown`: as nobody may).
 */
export function triedAgain(scenario: Scenario, step: string, earlier: Ending = 'undone'): Scenario {
  const runs = runsOf(stateOf(scenario.saga, step)).map((run, generation) =>
    endedAs(earlier, run, sentNow(scenario, step, 'compensation', generation)),
  );
  const generation = runs.length;
  const action = {
    ...sentNow(scenario, step, 'action', generation),
    next: { at: scenario.now + 10_000, why: 'reply' },
  } as const;
  const [first = { action }, ...rest] = [...runs, { action }];
  return scenario.changed(
    (saga) => ({ ...saga, steps: { ...saga.steps, [step]: { status: 'SENT', runs: [first, ...rest] } } }),
    (saga) => [commandMessage(scenario.definition, saga, { step, generation, operation: 'action' }, action)],
  );
}

function endedAs(ending: Ending, { action }: Run, undo: SentCommand): Run {
  switch (ending) {
    case 'undone':
      return {
        action: atRest(action),
        compensation: { ...undo, answer: { outcome: 'success', at: undo.sentAt, reply: {} } },
      };
    case 'refused': {
      const reason = { code: 'OUT_OF_STOCK', message: 'sold out' };
      return { action: { ...atRest(action), answer: { outcome: 'rejected', at: undo.sentAt, reason } } };
    }
    case 'unknown':
      return { action: atRest(action) };
    default:
      throw ending satisfies never;
  }
}

const sentNow = ({ saga, now }: Scenario, step: string, operation: Operation, generation: number): SentCommand => ({
  commandId: commandId(saga.id, step, operation, generation),
  attempt: 1,
  used: 0,
  firstSentAt: now,
  sentAt: now,
  causedBy: SOMEBODY,
});
