import type { z } from 'zod';
import { announcements, deadLetters, type StateTopic, stateChanges } from './announcements.ts';
import { type CommandTopic, commands } from './commands.ts';
import { type FactTopic, facts } from './facts.ts';

/** Every topic and the schema of its messages' bodies. */
export const topics = { ...commands, ...facts, ...announcements, ...stateChanges, ...deadLetters } as const;

export type Topic = keyof typeof topics;
export type Body<T extends Topic> = z.infer<(typeof topics)[T]>;

export const allTopics = Object.keys(topics) as Topic[];
export const isTopic = (name: string): name is Topic => Object.hasOwn(topics, name);
export const isStateTopic = (name: Topic): name is StateTopic => Object.hasOwn(stateChanges, name);
export const isCommandTopic = (name: Topic): name is CommandTopic => Object.hasOwn(commands, name);
export const isFactTopic = (name: Topic): name is FactTopic => Object.hasOwn(facts, name);

/** Which fact answers which command. */
export const factOf = {
  'decrease-product-command': 'product-decreased',
  'restore-product-command': 'product-restored',
  'use-coupon-command': 'coupon-used',
  'restore-coupon-command': 'coupon-restored',
  'deduct-balance-command': 'balance-deducted',
  'refund-balance-command': 'balance-refunded',
  'create-delivery-command': 'delivery-created',
  'cancel-delivery-command': 'delivery-cancelled',
  'complete-order-command': 'order-completed',
  'cancel-order-command': 'order-cancelled',
} as const satisfies Record<CommandTopic, FactTopic>;

/** The commands that undo: known by the header `actionid`, answered by success or `failed` only. */
export const compensationTopics = [
  'restore-product-command',
  'restore-coupon-command',
  'refund-balance-command',
  'cancel-delivery-command',
  'cancel-order-command',
] as const satisfies readonly CommandTopic[];
export type CompensationTopic = (typeof compensationTopics)[number];
export type ActionTopic = Exclude<CommandTopic, CompensationTopic>;

export type FactOf<C extends CommandTopic> = (typeof factOf)[C];

/** Which command a fact answers: the topic whose queue it has left. */
export const commandOf = Object.fromEntries(Object.entries(factOf).map(([command, fact]) => [fact, command])) as Record<
  FactTopic,
  CommandTopic
>;
