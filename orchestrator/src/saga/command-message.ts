import type { CommandTopic } from '@saga/messages/commands';
import type { Message } from '@saga/messages/message';
import { factOf } from '@saga/messages/topics';
import { type DefinedStep, type Definition, type Replies, stepOf } from './definition.ts';
import type { CommandPlace } from './progress.ts';
import { lastRunOf, runsOf, type Saga, type SentCommand, stateOf } from './state.ts';

const SOURCE = '/orchestrator';

/** The topic that a step's command goes to; it has one by construction, or the place does not exist. */
export function topicOf(definition: Definition, place: Pick<CommandPlace, 'step' | 'operation'>): CommandTopic {
  const step = stepOf(definition, place.step);
  const topic = place.operation === 'action' ? step.command : step.compensation;
  if (topic === undefined) throw new Error(`${definition.name}: step ${place.step} has no ${place.operation}`);
  return topic;
}

/** A command as it goes out: derived from the saga's data alone, so that every resend says the same. */
export function commandMessage(
  definition: Definition,
  saga: Saga,
  place: CommandPlace,
  command: SentCommand,
): Message<CommandTopic> {
  const step = stepOf(definition, place.step);
  const run = runsOf(stateOf(saga, place.step))[place.generation];
  return {
    topic: topicOf(definition, place),
    key: saga.id,
    envelope: {
      id: command.commandId,
      source: SOURCE,
      time: new Date(command.firstSentAt).toISOString(),
      subject: saga.id,
      traceparent: saga.traceparent,
      commandId: command.commandId,
      step: place.step,
      attempt: command.attempt,
      actionId: place.operation === 'compensation' ? run?.action.commandId : undefined,
    },
    body: {
      orderId: saga.id,
      ...(place.operation === 'action'
        ? (run?.input ?? step.body(saga.order, repliesTo(step, definition, saga)))
        : step.compensationBody(saga.failure)),
    },
  } as Message<CommandTopic>; // the definition ties each body to its command
}

/** The replies of the steps that come before this one: they were there at its first sending and do not change. */
function repliesTo({ name }: DefinedStep, definition: Definition, saga: Saga): Replies {
  return ((fact) => {
    const earlier = [...definition.steps.values()].find(
      ({ command, dependents }) => command !== undefined && factOf[command] === fact && dependents.includes(name),
    );
    const answer = earlier && lastRunOf(stateOf(saga, earlier.name))?.action.answer;
    return answer?.outcome === 'success' ? answer.reply : undefined;
  }) as Replies; // a reply was checked by its fact's schema
}
