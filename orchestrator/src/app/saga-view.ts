import { type Operation, ORDER_STEP } from '@saga/messages/ids';
import { topicOf } from '../saga/command-message.ts';
import { type Definition, stepOf } from '../saga/definition.ts';
import { openCommands } from '../saga/progress.ts';
import { type Instant, lastRunOf, runsOf, type Saga, type SentCommand, stateOf } from '../saga/state.ts';
import { stuckOf } from '../saga/stuck.ts';

/** A saga as the contract shows it: what was done, what it waits for and why. Times are RFC 3339. */
export function sagaView(definition: Definition, saga: Saga) {
  const stuck = stuckOf(saga);
  return {
    sagaId: saga.id,
    definition: saga.definition,
    status: saga.status,
    stuck: stuck ? { since: timeOf(stuck.since), step: stuck.step, code: stuck.code } : null,
    paused: saga.pausedAt !== undefined,
    version: saga.version,
    startedAt: timeOf(saga.startedAt),
    updatedAt: timeOf(saga.updatedAt),
    endedAt: optionalTimeOf(saga.endedAt),
    failure: saga.failure ?? null,
    waitingFor: openCommands(saga).flatMap(({ step, generation, operation }) => {
      const command = runsOf(stateOf(saga, step))[generation]?.[operation];
      return command ? [waitingForView(definition, step, operation, command)] : [];
    }),
    steps: [...definition.steps.values()].flatMap(({ name, after }) =>
      name === ORDER_STEP ? [] : [stepView(definition, saga, name, after)],
    ),
    data: saga.order,
  };
}

function stepView(definition: Definition, saga: Saga, name: string, after: readonly string[]) {
  const state = stateOf(saga, name);
  const run = lastRunOf(state);
  const generation = runsOf(state).length - 1;
  return {
    name,
    status: state.status,
    dependsOn: after.filter((dependency) => dependency !== ORDER_STEP),
    action: run ? commandView(topicOf(definition, { step: name, operation: 'action' }), generation, run.action) : null,
    compensation: run?.compensation
      ? commandView(topicOf(definition, { step: name, operation: 'compensation' }), generation, run.compensation)
      : null,
  };
}

function commandView(command: string, generation: number, sent: SentCommand) {
  const { answer, failed } = sent;
  return {
    command,
    commandId: sent.commandId,
    generation,
    attempts: sent.attempt,
    sentAt: timeOf(sent.sentAt),
    repliedAt: optionalTimeOf(answer?.at ?? failed?.at),
    outcome: answer?.outcome ?? (failed ? ('failed' as const) : null),
    reason: answer?.outcome === 'rejected' ? answer.reason : answer ? null : (failed?.reason ?? null),
    reply: answer?.outcome === 'success' ? answer.reply : null,
  };
}

function waitingForView(definition: Definition, step: string, operation: Operation, command: SentCommand) {
  return {
    step,
    kind: operation,
    command: topicOf(definition, { step, operation }),
    commandId: command.commandId,
    attempt: command.attempt,
    sentAt: timeOf(command.sentAt),
    nextAt: optionalTimeOf(command.next?.at),
    why: whyOf(definition, step, operation, command),
  };
}

/** In a sentence, for the person who was woken up. */
function whyOf(definition: Definition, step: string, operation: Operation, command: SentCommand): string {
  const { next, silentSince, failed, used, answer } = command;
  const { attempts } =
    operation === 'action' ? stepOf(definition, step).retry : stepOf(definition, step).compensationRetry;
  if (answer?.outcome === 'rejected') return `refused where nobody may refuse: ${answer.reason.message}`;
  if (!next) return 'not sent again: an operator must act';
  switch (next.why) {
    case 'reply':
      return 'no answer yet to the last sending';
    case 'backoff':
      return `attempt ${used} of ${attempts} ${failed ? `failed (${failed.reason.message})` : 'timed out'}; sent again after the backoff`;
    case 'silent':
      return `participant silent since ${optionalTimeOf(silentSince) ?? 'its first sending'}`;
    default:
      throw next.why satisfies never;
  }
}

const timeOf = (at: Instant): string => new Date(at).toISOString();
const optionalTimeOf = (at: Instant | undefined): string | null => (at === undefined ? null : timeOf(at));
