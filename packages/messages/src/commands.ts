import { z } from 'zod';
import { type Action, actions, type Compensation, compensations } from './steps.ts';
import { uuid } from './values.ts';

const orderId = { orderId: uuid };

const commandBody = <Body extends z.ZodRawShape>(body: Body) => z.object({ ...orderId, ...body });

type BodyOf<E> = E extends { body: infer Body extends z.ZodRawShape } ? Body : Record<never, never>;

type CommandSchemas = {
  [E in Action | Compensation as E['command']]: ReturnType<typeof commandBody<BodyOf<E>>>;
};

/** By its topic, what each command says. A compensation may name only the order: the header `actionid` says the rest. */
export const commands = Object.fromEntries(
  [...actions, ...compensations].map(({ command, body }) => [command, commandBody(body ?? {})]),
) as unknown as CommandSchemas; // the table's types, kept entry by entry

export type CommandTopic = keyof typeof commands;
