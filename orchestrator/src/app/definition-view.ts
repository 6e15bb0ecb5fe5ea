import { ORDER_STEP } from '@saga/messages/ids';
import { factOf } from '@saga/messages/topics';
import { ALWAYS, type DefinedStep, type Definition } from '../saga/definition.ts';

/** A definition as an operator reads it: the steps in their order, their topics, and what is retried for how long. */
export const definitionView = (definition: Definition) => ({
  name: definition.name,
  version: definition.version,
  deadlineMs: definition.deadlineMs,
  pivot: definition.pivot,
  steps: [...definition.steps.values()].filter(({ name }) => name !== ORDER_STEP).map(stepView),
});

const stepView = (step: DefinedStep) => ({
  name: step.name,
  conditional: step.when !== ALWAYS,
  dependsOn: step.after.filter((name) => name !== ORDER_STEP),
  command: step.command ?? null,
  fact: step.command ? factOf[step.command] : null,
  compensation: step.compensation ?? null,
  compensationFact: step.compensation ? factOf[step.compensation] : null,
  retry: step.retry,
  compensationRetry: step.compensation ? step.compensationRetry : null,
});
