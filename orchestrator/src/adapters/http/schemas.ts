import { failure, reason } from '@saga/messages/reasons';
import { topics } from '@saga/messages/topics';
import { z } from 'zod';

const time = z.string().describe('RFC 3339, UTC');
const status = z.enum(['RUNNING', 'COMPENSATING', 'COMPLETED', 'COMPENSATED']);

const command = z.object({
  command: z.string(),
  commandId: z.string(),
  generation: z.int(),
  attempts: z.int().describe('Sendings so far, probes included'),
  sentAt: time,
  repliedAt: time.nullable(),
  outcome: z.enum(['success', 'rejected', 'failed']).nullable(),
  reason: reason.nullable(),
  reply: z.looseObject({}).nullable(),
});

const step = z.object({
  name: z.string(),
  status: z.enum(['WAITING', 'SKIPPED', 'SENT', 'SUCCEEDED', 'REJECTED', 'FAILED', 'COMPENSATING', 'COMPENSATED']),
  dependsOn: z.array(z.string()),
  action: command.nullable(),
  compensation: command.nullable(),
});

const waitingFor = z.object({
  step: z.string(),
  kind: z.enum(['action', 'compensation']),
  command: z.string(),
  commandId: z.string(),
  attempt: z.int().describe('0: not sent yet'),
  sentAt: time.nullable(),
  nextAt: time
    .nullable()
    .describe('When it is looked at again; null where nothing happens by itself, as while it is paused'),
  why: z.string().describe('In a sentence, for people'),
});

export const option = z
  .object({
    action: z.enum(['retry', 'compensate', 'skip', 'pause', 'resume', 'force-compensated']),
    step: z.string().optional(),
    takesInput: z.literal(true).optional().describe('The step is tried anew: what its command says may be edited'),
    needsEvidence: z.literal(true).optional(),
  })
  .meta({ id: 'Option' });

export const sagaSchema = z
  .object({
    sagaId: z.string(),
    definition: z.object({ name: z.string(), version: z.int() }),
    status,
    stuck: z.object({ since: time, step: z.string(), code: z.string() }).nullable(),
    paused: z.boolean(),
    version: z.int().describe('The expected version of an operator’s action'),
    startedAt: time,
    updatedAt: time,
    endedAt: time.nullable(),
    failure: failure.nullable(),
    waitingFor: z.array(waitingFor),
    allowed: z.array(option).describe('What an operator may do to it now'),
    steps: z.array(step),
    data: topics['order-created'],
  })
  .meta({ id: 'Saga' });

export const sagaId = z.guid();

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

export const sagaFilter = {
  status: status.optional(),
  definition: z.string().optional(),
  step: z.string().optional().describe('Sagas that wait for this step, going forward or back, or turned back there'),
  code: z.string().optional().describe('Of the failure that turned it back, or of what is stuck'),
  stuck: flag.optional(),
  paused: flag.optional(),
  updatedBefore: z.iso.datetime({ offset: true }).optional(),
  q: z.string().max(64).optional().describe('The beginning of a saga id (0…), or a user’s id'),
};

export const historySchema = z
  .object({
    seq: z.int(),
    at: time,
    message: z.object({ id: z.string(), type: z.string() }),
    effect: z.array(z.string()),
    sent: z.array(z.string()).describe('Command ids'),
    actor: z.string().nullable().describe('The person who acted; null where a message or the clock did'),
    reason: z.string().nullable().describe('Why that person acted'),
    traceId: z.string(),
  })
  .meta({ id: 'HistoryEntry' });

const retry = z.object({
  timeoutMs: z.int(),
  attempts: z.int(),
  backoff: z.object({ initialMs: z.int(), factor: z.number(), maxMs: z.int() }),
});

export const definitionSchema = z
  .object({
    name: z.string(),
    version: z.int(),
    deadlineMs: z.int(),
    pivot: z.string(),
    steps: z.array(
      z.object({
        name: z.string(),
        conditional: z.boolean().describe('Whether an order may do without it: then it is SKIPPED'),
        dependsOn: z.array(z.string()),
        command: z.string().nullable(),
        fact: z.string().nullable(),
        compensation: z.string().nullable(),
        compensationFact: z.string().nullable(),
        retry,
        compensationRetry: retry.nullable(),
      }),
    ),
  })
  .meta({ id: 'Definition' });

export const statsSchema = z
  .object({
    open: z.int(),
    stuck: z.int(),
    oldest: time.nullable().describe('When the oldest open saga began'),
    isComplete: z.boolean().describe('False where there are so many that only the oldest were looked at'),
    sagas: z.array(z.object({ definition: z.string(), status, stuck: z.boolean(), sagas: z.int(), oldest: time })),
    stuckByCode: z.array(z.object({ code: z.string(), sagas: z.int() })),
    participants: z.array(
      z.object({
        command: z.string().describe('Each participant answers for its own'),
        waiting: z.int().describe('Sagas that wait for an answer'),
        waitingSince: time,
        silent: z.int().describe('Of these, how many wait for a participant that answers nothing'),
        silentSince: time.nullable(),
        answeredUpTo: time.nullable().describe('The latest sending that was answered'),
        probes: z.int().describe('Sendings that were to find out whether it is back, in the last minutes'),
      }),
    ),
  })
  .meta({ id: 'SagaStats' });
