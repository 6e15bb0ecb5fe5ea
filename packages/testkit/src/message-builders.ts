import { encode } from '@saga/messages/codec';
import type { CommandTopic } from '@saga/messages/commands';
import { commandId, processedId } from '@saga/messages/ids';
import type { Envelope, Message } from '@saga/messages/message';
import { stepsByName } from '@saga/messages/steps';
import type { ActionTopic, Body, CompensationTopic } from '@saga/messages/topics';
import type { Delivery } from '@saga/service-kit/delivery';

function stepOf(topic: CommandTopic): string {
  const found = stepsByName.find(([, { action, compensation }]) =>
    [action?.command, compensation?.command].includes(topic),
  );
  if (!found) throw new Error(`no step sends ${topic}`);
  return found[0];
}

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const sentBy = (service: 'orchestrator' | 'order', orderId: string) => ({
  source: `/${service}`,
  time: new Date().toISOString(),
  subject: orderId,
  traceparent: TRACEPARENT,
});

/** An action as the orchestrator sends it; of the same generation, it is the same command. */
export function action<C extends ActionTopic>(
  topic: C,
  body: Body<C>,
  { generation = 0, attempt = 1 } = {},
): Message<C> {
  const { orderId } = body;
  const id = commandId(orderId, stepOf(topic), 'action', generation);
  const envelope: Envelope = { id, commandId: id, step: stepOf(topic), attempt, ...sentBy('orchestrator', orderId) };
  // Body<C> ties the body to its topic; a union of all topics cannot be told so.
  return { topic, key: orderId, envelope, body } as Message<C>;
}

/** What undoes an action, whether or not that ever arrived. */
export function compensation<C extends CompensationTopic>(
  topic: C,
  undone: Message,
  { generation = 0, attempt = 1 } = {},
): Message<C> {
  const orderId = undone.key;
  const id = commandId(orderId, stepOf(topic), 'compensation', generation);
  const envelope: Envelope = {
    id,
    commandId: id,
    step: stepOf(topic),
    attempt,
    actionId: undone.envelope.id,
    ...sentBy('orchestrator', orderId),
  };
  return { topic, key: orderId, envelope, body: { orderId } } as Message<C>;
}

/** A completed order, as the order service tells the outside. */
export const orderProcessed = (body: Body<'order-processed'>): Message<'order-processed'> => ({
  topic: 'order-processed',
  key: body.orderId,
  envelope: { id: processedId(body.orderId), ...sentBy('order', body.orderId) },
  body,
});

/** A message as a consumer gets it. */
export function delivered(message: Message, offset = 0): Delivery {
  const { topic, key, headers, value } = encode(message);
  return {
    message,
    received: { topic, key, headers, value: Buffer.from(value), partition: 0, offset: String(offset) },
  };
}
