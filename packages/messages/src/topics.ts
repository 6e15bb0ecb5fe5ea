import type { z } from 'zod';
import { announcements, deadLetters, type StateTopic, stateChanges } from './announcements.ts';
import { type CommandTopic, commands } from './commands.ts';
import { type FactTopic, facts } from './facts.ts';
import { type Action, actions, type Compensation, compensations } from './steps.ts';

/** Every topic and the schema of its messages' bodies. */
export const topics = { ...commands, ...facts, ...announcements, ...stateChanges, ...deadLetters } as const;

export type Topic = keyof typeof topics;
export type Body<T extends Topic> = z.infer<(typeof topics)[T]>;

export const allTopics = Object.keys(topics) as Topic[];
export const isTopic = (name: string): name is Topic => Object.hasOwn(topics, name);
export const isStateTopic = (name: string): name is StateTopic => Object.hasOwn(stateChanges, name);
export const isCommandTopic = (name: Topic): name is CommandTopic => Object.hasOwn(commands, name);
export const isFactTopic = (name: Topic): name is FactTopic => Object.hasOwn(facts, name);

/** The commands that undo: known by the header `actionid`, answered by success or `failed` only. */
export type CompensationTopic = Compensation['command'];
export type ActionTopic = Action['command'];
export const compensationTopics = compensations.map(({ command }) => command) as readonly CompensationTopic[];
const undoing: ReadonlySet<string> = new Set(compensationTopics);
export const isCompensationTopic = (name: Topic): name is CompensationTopic => undoing.has(name);

/** Which fact answers which command. */
export const factOf = Object.fromEntries(
  [...actions, ...compensations].map(({ command, fact }) => [command, fact]),
) as { [E in Action | Compensation as E['command']]: E['fact'] };

export type FactOf<C extends CommandTopic> = (typeof factOf)[C];

/** Which command a fact answers: the topic whose queue it has left. */
export const commandOf = Object.fromEntries(Object.entries(factOf).map(([command, fact]) => [fact, command])) as Record<
  FactTopic,
  CommandTopic
>;
