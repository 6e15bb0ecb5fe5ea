import { ORDER_STEP } from '@saga/messages/ids';
import { settle } from './answer.ts';
import { goBack, mayTurnBack, turnBack } from './back.ts';
import { type Definition, stepOf } from './definition.ts';
import { goForward } from './forward.ts';
import type { Act, OperatorMessage } from './incoming.ts';
import { type CommandPlace, commandAt, openCommands, type Progress } from './progress.ts';
import { atRest, lastRunOf, runsOf, type Saga, stateOf } from './state.ts';
import { expire, tryAgain } from './timer.ts';

/** One thing that an operator may do to a saga as it stands: a button of the console, a line of an error's text. */
export type Option = {
  action: Act['action'];
  /** Which step it is done to; absent where it is done to the saga as a whole. */
  step?: string;
  /** The step is tried anew, under a new command id: what its command says may be edited. */
  takesInput?: true;
  /** It takes the operator's word for something that nobody else can know: what the word rests on must be said. */
  needsEvidence?: true;
};

export type Refusal = { why: 'stale' | 'not allowed'; message: string; options: readonly Option[] };

/** Ends the order itself: without it the order would stay pending for ever, so it is never skipped. */
const ENDS_THE_ORDER = 'complete-order-command';

/**
 * Everything that an operator may do to a saga as it stands: the one place where that is decided.
 *
 * - `retry`: what waits for its backoff or a silent participant is sent again at once; a step that was refused where
 *   there is no way back, or was never answered there until the inboxes forgot it, is tried anew.
 * - `compensate`: where a cancellation is allowed. `skip`: a step that was refused where there is no way back.
 * - `force-compensated`: one stuck compensation counts as done; never the order's own, which would stay pending.
 */
export function optionsOf(definition: Definition, saga: Saga): Option[] {
  if (saga.endedAt !== undefined) return [];
  const turning: Option[] = mayTurnBack(definition, saga) ? [{ action: 'compensate' }] : [];
  if (saga.paused) return [{ action: 'resume' }, ...turning];
  return [...stepOptions(definition, saga), ...turning, { action: 'pause' }];
}

const stepOptions = (definition: Definition, saga: Saga): Option[] =>
  [...definition.steps.keys()].flatMap((step) => [
    ...(waitsToBeSent(saga, step).length > 0 ? [{ action: 'retry', step } as const] : []),
    ...anewOptions(definition, saga, step),
    ...(step !== ORDER_STEP && stuckCompensations(saga, step).length > 0
      ? [{ action: 'force-compensated', step, needsEvidence: true } as const]
      : []),
  ]);

function anewOptions(definition: Definition, saga: Saga, step: string): Option[] {
  if (saga.status !== 'RUNNING') return [];
  if (stateOf(saga, step).status === 'REJECTED') {
    const skip: Option[] = stepOf(definition, step).command === ENDS_THE_ORDER ? [] : [{ action: 'skip', step }];
    return [{ action: 'retry', step, takesInput: true }, ...skip];
  }
  // Where there is a way back, that is the safe one: what is undone may or may not have happened.
  const isForgotten = lastRunOf(stateOf(saga, step))?.action.stuck?.code === 'EXPIRED';
  return isForgotten && !mayTurnBack(definition, saga)
    ? [{ action: 'retry', step, takesInput: true, needsEvidence: true }]
    : [];
}

/** What would be sent again anyway, later. */
const waitsToBeSent = (saga: Saga, step: string): CommandPlace[] =>
  openCommands(saga).filter((place) => {
    const { next } = commandAt(saga, place);
    return place.step === step && next !== undefined && next.why !== 'reply';
  });

const stuckCompensations = (saga: Saga, step: string): CommandPlace[] =>
  openCommands(saga).filter(
    (place) => place.step === step && place.operation === 'compensation' && commandAt(saga, place).stuck,
  );

/** An operator acts, if the saga is still as it was seen and allows it. */
export function takeAct(progress: Progress, message: OperatorMessage): Refusal | undefined {
  const { definition, saga } = progress;
  const options = optionsOf(definition, saga);
  if (message.expectedVersion !== saga.version) {
    const seen = `saga ${saga.id} is at version ${saga.version}, not ${message.expectedVersion}`;
    return { why: 'stale', message: `${seen}: look at it again before you act`, options };
  }
  const chosen = options.filter((option) => isChosen(option, message.act));
  if (chosen.length === 0) return { why: 'not allowed', message: whyNot(definition, saga, message.act), options };
  perform(progress, message, chosen);
  return undefined;
}

function isChosen({ action, step, takesInput, needsEvidence }: Option, act: Act): boolean {
  if (action !== act.action) return false;
  if ('step' in act && act.step !== undefined && act.step !== step) return false;
  if ('input' in act && act.input !== undefined && !takesInput) return false;
  return !needsEvidence || ('evidence' in act && act.evidence !== undefined);
}

function whyNot(definition: Definition, saga: Saga, act: Act): string {
  const step = 'step' in act && act.step !== undefined ? ` of step ${act.step}` : '';
  const input = 'input' in act && act.input !== undefined ? ' with an edited input' : '';
  const status = saga.paused ? `${saga.status} and paused` : saga.status;
  const refused = `${act.action}${step}${input} is not possible`;
  if ('step' in act && act.step !== undefined && !definition.steps.has(act.step))
    return `${refused}: the steps of ${definition.name} are ${[...definition.steps.keys()].join(', ')}`;
  const isTooLate = act.action === 'compensate' && saga.status === 'RUNNING';
  return `${refused}: saga ${saga.id} is ${status}${isTooLate ? `, and ${whyOnlyForward(definition, saga)}` : ''}`;
}

function whyOnlyForward({ pivot }: Definition, saga: Saga): string {
  const isUnderWay = stateOf(saga, pivot).status === 'SENT';
  return `its pivot, ${pivot}, ${isUnderWay ? 'is under way and cannot be undone' : 'has been passed'}: it can only go forward`;
}

function perform(progress: Progress, message: OperatorMessage, chosen: readonly Option[]): void {
  const { act, actor, reason, expiredBefore } = message;
  switch (act.action) {
    case 'retry':
      for (const option of chosen) retry(progress, option, act.input, expiredBefore);
      break;
    case 'compensate':
      turnBack(progress, { step: ORDER_STEP, code: 'CANCELLED_BY_OPERATOR', message: reason });
      break;
    case 'skip':
      laysToRest(progress, act.step);
      progress.setStatus(act.step, 'SKIPPED');
      goForward(progress);
      break;
    case 'pause':
      progress.update({ paused: { since: progress.now, by: actor, reason } });
      break;
    case 'resume':
      resume(progress, expiredBefore);
      break;
    case 'force-compensated':
      forceCompensated(progress, act.step, { forcedBy: actor, evidence: act.evidence });
      break;
    default:
      throw act satisfies never;
  }
}

function retry(
  progress: Progress,
  { step = ORDER_STEP, takesInput }: Option,
  input: Readonly<Record<string, unknown>> | undefined,
  expiredBefore: number,
): void {
  if (takesInput) {
    laysToRest(progress, step);
    progress.sendAction(step, input);
  } else for (const place of waitsToBeSent(progress.saga, step)) sendAgain(progress, place, expiredBefore);
}

/** The generation that an operator gives up is nobody's concern any more. */
function laysToRest(progress: Progress, step: string): void {
  const place: CommandPlace = { step, generation: runsOf(progress.step(step)).length - 1, operation: 'action' };
  progress.setCommand(place, atRest(progress.command(place)));
}

function sendAgain(progress: Progress, place: CommandPlace, expiredBefore: number): void {
  if (progress.command(place).firstSentAt < expiredBefore) expire(progress, place);
  else tryAgain(progress, place);
}

/** Every deadline is as much later as the pause was long; what is unanswered is sent again, then what became ready. */
function resume(progress: Progress, expiredBefore: number): void {
  const { paused, ...saga } = progress.saga;
  const pausedMs = Math.max(0, progress.now - (paused?.since ?? progress.now));
  progress.saga = { ...saga, pausedForMs: (saga.pausedForMs ?? 0) + pausedMs };
  for (const place of openCommands(progress.saga))
    if (progress.command(place).next) sendAgain(progress, place, expiredBefore);
  if (progress.saga.status === 'RUNNING') goForward(progress);
  if (progress.saga.status === 'COMPENSATING') goBack(progress);
}

/** One at a time: the evidence is of one. */
function forceCompensated(progress: Progress, step: string, reply: Readonly<Record<string, unknown>>): void {
  const [oldest] = stuckCompensations(progress.saga, step);
  if (oldest) settle(progress, oldest, { outcome: 'success', at: progress.now, reply });
}
