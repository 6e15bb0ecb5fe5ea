import { z } from 'zod';
import { reason } from './reasons.ts';
import { type Action, actions, type Compensation, compensations } from './steps.ts';
import { uuid } from './values.ts';

const orderId = { orderId: uuid };
const failed = z.object({ ...orderId, outcome: z.literal('failed'), reason });

/** The answer to an action: done, refused by the business, or not done for a technical reason. */
const actionFact = <Reply extends z.ZodRawShape>(reply: Reply) =>
  z.discriminatedUnion('outcome', [
    z.object({ ...orderId, outcome: z.literal('success'), ...reply }),
    z.object({ ...orderId, outcome: z.literal('rejected'), reason }),
    failed,
  ]);

/** The answer to a compensation: there is no refusing to undo. */
const compensationFact = z.discriminatedUnion('outcome', [
  z.object({ ...orderId, outcome: z.literal('success') }),
  failed,
]);

type ReplyOf<E> = E extends { reply: infer Reply extends z.ZodRawShape } ? Reply : Record<never, never>;

type FactSchemas = { [E in Action as E['fact']]: ReturnType<typeof actionFact<ReplyOf<E>>> } & {
  [E in Compensation as E['fact']]: typeof compensationFact;
};

/** By its topic, what each fact says. */
export const facts = Object.fromEntries([
  ...actions.map(({ fact, reply }) => [fact, actionFact(reply ?? {})]),
  ...compensations.map(({ fact }) => [fact, compensationFact]),
]) as unknown as FactSchemas; // the table's types, kept entry by entry

export type FactTopic = keyof typeof facts;
