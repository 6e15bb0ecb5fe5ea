import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { isTransient } from '@saga/service-kit/faults';
import type { HttpApp } from '@saga/service-kit/http-app';
import { badRequest, unavailable } from '@saga/service-kit/problem';
import { z } from 'zod';
import type { EventPlace, SagaEvent, SagaEvents } from '../../app/saga-events.ts';

/** An event is told at most so long after it can be, and a line is written at least so often on a quiet stream. */
const LOOK_EVERY_MS = 300;
const QUIET_LOOKS = 50;
const PAGE = 500;
const RECONNECT_AFTER_MS = 2_000;
const MAX_STREAMS = 64;
const RETRY_AFTER_S = 10;

const NOT_OURS = 'is not an id of this stream';
/** What the database counts transactions and versions in. */
const MAX_TXID = 2n ** 64n - 1n;
const MAX_VERSION = 2 ** 31 - 1;

/** `<transaction>.<version>.<saga>`: to the client a word without meaning. */
const placeText = z
  .string()
  .regex(/^\d{1,20}\.\d{1,10}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, NOT_OURS)
  .transform((text): EventPlace => {
    const [txid = '', version = '', sagaId = ''] = text.split('.');
    return { txid, sagaId, version: Number(version) };
  })
  .refine(({ txid, version }) => BigInt(txid) <= MAX_TXID && version <= MAX_VERSION, NOT_OURS);

/** Every change of every saga as it happens, for a console: Server-Sent Events, resumable, none skipped. */
export function eventRoutes(app: HttpApp, events: SagaEvents): void {
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  let streams = 0;

  app.get(
    '/events',
    {
      schema: {
        tags: ['sagas'],
        summary: 'Every saga change as Server-Sent Events, resumable by Last-Event-ID',
        description:
          'Without Last-Event-ID it begins with what is not committed yet. An event: `saga`. An id that this database cannot have told is a 400.',
        headers: z.object({ 'last-event-id': placeText.optional() }),
      },
    },
    async (request, reply) => {
      if (streams >= MAX_STREAMS) throw unavailable(`${MAX_STREAMS} streams are open already`, RETRY_AFTER_S);
      streams += 1;
      const left = new AbortController();
      reply.raw.once('close', () => {
        streams -= 1;
        left.abort();
      });
      const seen = request.headers['last-event-id'];
      if (seen) await refuseUnbegun(events, seen);
      const from = seen ?? (await events.now());
      const stream = Readable.from(linesFrom(events, from, AbortSignal.any([closing.signal, left.signal])));
      return (
        reply
          // Kept alive after the stream, the connection would hold up a stop.
          .headers({ 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no', connection: 'close' })
          .type('text/event-stream')
          .send(stream)
      );
    },
  );
}

/**
 * Every id that was told is of a transaction that had begun. One that has not is of another database, or of this one
 * before it was restored: behind it nothing would be told, and what happens until then would be missed. While the
 * database is away it is believed, for who is refused does not come again.
 */
async function refuseUnbegun(events: SagaEvents, { txid }: EventPlace): Promise<void> {
  const now = await events.now().catch((error: unknown) => {
    if (isTransient(error)) return undefined;
    throw error;
  });
  if (now === undefined || BigInt(txid) <= BigInt(now.txid)) return;
  const message = 'is of a transaction that this database has not begun: begin anew, without it';
  throw badRequest('INVALID_HEADER', `Last-Event-ID ${message}`, [
    { pointer: '/last-event-id', code: 'NOT_BEGUN', message },
  ]);
}

/**
 * Ends with the service or with the client's connection: a client that loses the stream resumes where it was, one that
 * is refused gives up.
 */
async function* linesFrom(events: SagaEvents, from: EventPlace, ending: AbortSignal): AsyncGenerator<string> {
  let last = from;
  let quiet = 0;
  // An id without data: who loses the stream before the first event resumes from here.
  yield `retry: ${RECONNECT_AFTER_MS}\nid: ${idOf(from)}\n\n`;
  while (!ending.aborted) {
    const page = await nextPage(events, last);
    const end = page.at(-1);
    if (end) {
      last = end.at;
      yield page.map(linesOf).join('');
    }
    if (page.length === PAGE) continue;
    quiet = end ? 0 : quiet + 1;
    if (quiet % QUIET_LOOKS === QUIET_LOOKS - 1) yield ': still here\n\n';
    await pause(LOOK_EVERY_MS, undefined, { signal: ending }).catch(() => {}); // aborted: the loop ends
  }
}

/** While the database is away the stream is quiet. */
async function nextPage(events: SagaEvents, last: EventPlace): Promise<SagaEvent[]> {
  try {
    return await events.after(last, PAGE);
  } catch (error) {
    if (isTransient(error)) return [];
    throw error;
  }
}

const idOf = ({ txid, sagaId, version }: EventPlace): string => `${txid}.${version}.${sagaId}`;

const linesOf = ({ at, time, ...event }: SagaEvent): string =>
  `event: saga\nid: ${idOf(at)}\ndata: ${JSON.stringify({ ...event, at: time.toISOString() })}\n\n`;
