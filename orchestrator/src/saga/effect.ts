import { type AwaitedSaga, lastRunOf, runsOf, type Saga, type StepState } from './state.ts';

/** What a transition did to the saga, in words, for the history: `product: SENT → SUCCEEDED`. */
export function effectOf(before: Saga | AwaitedSaga | undefined, after: Saga | AwaitedSaga | undefined): string[] {
  if (!after) return [];
  if (after.status === 'AWAITED') return ['a cancellation is kept until the order is known'];
  const previous = before && before.status !== 'AWAITED' ? before : undefined;
  const effects: string[] = [];
  if (previous?.status !== after.status) {
    const why = after.failure && previous?.failure === undefined ? ` (${after.failure.code})` : '';
    effects.push(`saga: ${previous?.status ?? 'new'} → ${after.status}${why}`);
  }
  if (after.paused && !previous?.paused) effects.push('saga: paused');
  if (previous?.paused && !after.paused) effects.push('saga: resumed');
  for (const [name, step] of Object.entries(after.steps)) {
    const was = previous?.steps[name];
    if (was && was !== step) effects.push(...stepEffects(name, was, step));
    else if (!was && step.status !== 'WAITING') effects.push(`${name}: ${step.status}`);
  }
  return effects;
}

function stepEffects(name: string, was: StepState, is: StepState): string[] {
  const effects: string[] = [];
  if (was.status !== is.status) effects.push(`${name}: ${was.status} → ${is.status}`);
  const generation = runsOf(is).length - 1;
  if (generation > 0 && generation === runsOf(was).length)
    effects.push(`${name}: tried anew, generation ${generation}`);
  for (const operation of ['action', 'compensation'] as const) {
    const before = lastRunOf(was)?.[operation];
    const after = lastRunOf(is)?.[operation];
    if (!before || !after || before.commandId !== after.commandId) continue;
    if (after.attempt > before.attempt) effects.push(`${name}: ${operation} sent again, attempt ${after.attempt}`);
    if (after.used > before.used) effects.push(`${name}: ${operation} has used up ${after.used} attempts`);
    if (after.stuck && !before.stuck) effects.push(`${name}: ${operation} is STUCK (${after.stuck.code})`);
    if (after.silentSince !== undefined && before.silentSince === undefined)
      effects.push(`${name}: participant silent since ${new Date(after.silentSince).toISOString()}`);
    if (after.answer && !before.answer && was.status === is.status)
      effects.push(`${name}: ${operation} answered ${after.answer.outcome}`);
  }
  return effects;
}
