import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { ServerResponse } from 'node:http';
import path from 'node:path';
import { type EachBatchPayload, Kafka, type TopicMessages } from 'kafkajs';
import pg from 'pg';
import { type CrashPoint, type CrashPointAt, FOLDER_VARIABLE } from './crashes.ts';

/**
 * Loaded before a service by the crash sweep's installation and by nothing else: wraps the clients of PostgreSQL and
 * Kafka, which the service shares with this module, and ends the process by SIGKILL where the test has armed it. A
 * point is known by the statements and topics that pass by; one that is never passed fails the sweep.
 */
const folder = process.env[FOLDER_VARIABLE];
if (!folder) throw new Error(`${FOLDER_VARIABLE} is not set: nobody could arm a crash point`);

/** …/services/order/src/main.ts is `order`. */
const service = path.basename(path.dirname(path.dirname(process.argv[1] ?? '')));
const armedFile = path.join(folder, `${service}.armed`);
const crashesFile = path.join(folder, `${service}.crashes`);

let passed = 0;

function isDue(point: CrashPoint): boolean {
  const [next] = armed();
  if (next?.point !== point) return false;
  passed += 1;
  return passed >= next.passing;
}

/** What was armed is struck out first, so that the process that follows does not die of the same. */
function die(point: CrashPoint): void {
  writeFileSync(armedFile, JSON.stringify(armed().slice(1)));
  appendFileSync(crashesFile, `${point}\n`);
  process.kill(process.pid, 'SIGKILL');
}

function pass(point: CrashPoint): void {
  if (isDue(point)) die(point);
}

function armed(): CrashPointAt[] {
  try {
    return JSON.parse(readFileSync(armedFile, 'utf8'));
  } catch {
    return []; // nothing was ever armed here
  }
}

// ── PostgreSQL

/** What a transaction is about, by a statement in it. */
const STATEMENTS = {
  fold: /FROM inbox WHERE id = ANY|LEFT JOIN \(SELECT state FROM saga WHERE id = ANY/,
  timer: /FROM saga\s+WHERE wake_at <=|SET announcements = announcements/,
  placement: /INSERT INTO orders/,
  outbox: /INSERT INTO outbox/,
  relay: /SELECT id, topic, key, headers, value FROM outbox/,
  emptying: /DELETE FROM outbox/,
} as const;
type Mark = keyof typeof STATEMENTS;
const marks = Object.keys(STATEMENTS) as Mark[];

const BEFORE_COMMIT: Partial<Record<Mark, CrashPoint>> = {
  fold: 'fold: before commit',
  timer: 'timer: before commit',
  placement: 'placement: before commit',
};
const AFTER_COMMIT: Partial<Record<Mark, CrashPoint>> = {
  fold: 'fold: after commit',
  timer: 'timer: after commit',
  placement: 'placement: after commit',
  outbox: 'outbox: after commit',
};

type Result = { rows: { state?: unknown }[] };

const transactions = new WeakMap<object, Set<Mark>>();

const sendQuery = pg.Client.prototype.query as (...args: unknown[]) => unknown;
pg.Client.prototype.query = function query(this: object, ...args: unknown[]): unknown {
  const [statement] = args as [string | { text?: string }];
  const text = typeof statement === 'string' ? statement : (statement.text ?? '');
  const send = () => sendQuery.apply(this, args);
  const transaction = transactions.get(this);
  if (text.startsWith('BEGIN')) transactions.set(this, new Set());
  if (text === 'COMMIT' || text === 'ROLLBACK') transactions.delete(this);
  if (text === 'COMMIT' && transaction) return commit(transaction, send as () => Promise<unknown>);

  const mark = marks.find((each) => STATEMENTS[each].test(text));
  if (mark === 'fold') pass('fold: before load');
  if (mark === 'emptying') pass(transaction?.has('relay') ? 'relay: after publish' : 'outbox: after publish');
  if (transaction && (mark === 'timer' || mark === 'relay')) return claim(mark, transaction, send() as Promise<Result>);
  if (mark) transaction?.add(mark);
  return send();
} as typeof pg.Client.prototype.query;

/** Only what it got makes a claim a claim; a row without a state is the clock alone. */
async function claim(mark: 'timer' | 'relay', transaction: Set<Mark>, claimed: Promise<Result>): Promise<Result> {
  const result = await claimed;
  if (result.rows.some(({ state }) => state !== null)) {
    transaction.add(mark);
    pass(`${mark}: claimed`);
  }
  return result;
}

async function commit(transaction: ReadonlySet<Mark>, send: () => Promise<unknown>): Promise<unknown> {
  passAll(BEFORE_COMMIT, transaction);
  const result = await send();
  passAll(AFTER_COMMIT, transaction);
  return result;
}

function passAll(points: Partial<Record<Mark, CrashPoint>>, transaction: ReadonlySet<Mark>): void {
  for (const mark of transaction) {
    const point = points[mark];
    if (point) pass(point);
  }
}

// ── Kafka, through kafkajs

/** What no message caused; everything else that is published is a fold's. */
const OUTBOX_TOPIC = /(-changed|order-created|order-cancel-requested)$/;
const isFolds = ({ topic }: { topic: string }): boolean => !OUTBOX_TOPIC.test(topic);

/** Only half of what is published may leave before the process ends, if that point is due; `first` sends that half. */
async function publishing<Sent>(folds: boolean, first: (() => Promise<unknown>) | undefined, all: () => Promise<Sent>) {
  if (!folds) return all();
  if (first && isDue('fold: in the middle of the publish')) {
    await first();
    die('fold: in the middle of the publish');
  }
  const sent = await all();
  pass('fold: after publish');
  return sent;
}

const createProducer = Kafka.prototype.producer;
Kafka.prototype.producer = function producer(this: Kafka, config) {
  const created = createProducer.call(this, config);
  const { sendBatch } = created;
  created.sendBatch = (batch) => {
    const topicMessages = batch.topicMessages ?? [];
    const half = firstHalf(topicMessages);
    const sendHalf = () => sendBatch({ ...batch, topicMessages: half });
    return publishing(topicMessages.some(isFolds), half.length > 0 ? sendHalf : undefined, () => sendBatch(batch));
  };
  return created;
};

/** Of so many messages that there is a half. */
function firstHalf(topicMessages: readonly TopicMessages[]): TopicMessages[] {
  const all = topicMessages.flatMap(({ topic, messages }) =>
    messages.map((message) => ({ topic, messages: [message] })),
  );
  return all.slice(0, Math.floor(all.length / 2));
}

const createConsumer = Kafka.prototype.consumer;
Kafka.prototype.consumer = function consumer(this: Kafka, config) {
  const created = createConsumer.call(this, config);
  const { run } = created;
  created.run = ({ eachBatch, ...settings } = {}) =>
    run({
      ...settings,
      ...(eachBatch && { eachBatch: (payload) => eachBatch({ ...payload, ...committing(payload) }) }),
    });
  return created;
};

const committing = ({
  commitOffsetsIfNecessary,
}: EachBatchPayload): Pick<EachBatchPayload, 'commitOffsetsIfNecessary'> => ({
  commitOffsetsIfNecessary: async (offsets) => {
    await commitOffsetsIfNecessary(offsets);
    pass('fold: after offset commit');
  },
});

// ── Kafka, through @platformatic/kafka: loaded only where the service uses it

if (process.env.KAFKA_CLIENT === 'platformatic') {
  const { Connection, offsetCommitV9, Producer } = await import('@platformatic/kafka');

  type Send = (options: { messages: { topic: string }[] }) => Promise<unknown>;
  const send: Send = Producer.prototype.send;
  const sendOrDie: Send = function sendOrDie(this: InstanceType<typeof Producer>, options) {
    const { messages } = options;
    const half = messages.slice(0, Math.floor(messages.length / 2));
    const sendHalf = () => send.call(this, { ...options, messages: half });
    return publishing(messages.some(isFolds), half.length > 0 ? sendHalf : undefined, () => send.call(this, options));
  };
  Producer.prototype.send = sendOrDie as typeof Producer.prototype.send;

  const request = Connection.prototype.send as (...args: unknown[]) => void;
  Connection.prototype.send = function sendRequest(this: object, ...args: unknown[]) {
    const [key] = args;
    const answer = args.pop() as (error: Error | null, answered?: unknown) => void;
    const answerOrDie: typeof answer = (error, answered) => {
      if (!error && key === offsetCommitV9.api.key) pass('fold: after offset commit');
      answer(error, answered);
    };
    request.call(this, ...args, answerOrDie);
  } as typeof Connection.prototype.send;
}

// ── HTTP

const writeHead = ServerResponse.prototype.writeHead as (...args: unknown[]) => ServerResponse;
ServerResponse.prototype.writeHead = function write(this: ServerResponse, ...args: unknown[]): ServerResponse {
  const { method, url } = this.req;
  if (method === 'POST' && url === '/orders' && args[0] === 202) pass('placement: before the answer');
  return writeHead.apply(this, args);
} as typeof ServerResponse.prototype.writeHead;
