import { z } from 'zod';

const time = z.string().describe('RFC 3339, UTC');
const status = z.enum(['OPEN', 'REDRIVING', 'REDRIVEN', 'DISCARDED']);

export const deadLetterId = z.guid();

export const deadLetterSchema = z
  .object({
    deadLetterId: z.string(),
    service: z.string().describe('Who could not read or handle it'),
    topic: z.string().describe('Where it lay, as partition and offset'),
    partition: z.int(),
    offset: z.string(),
    key: z.string().nullable(),
    headers: z.record(z.string(), z.union([z.string(), z.object({ base64: z.string() })])),
    value: z.string().nullable().describe('In a list its beginning'),
    valueEncoding: z.enum(['utf8', 'base64']).nullable().describe('How the value is shown here'),
    valueBytes: z.int().nullable().describe('Of the whole value; null where it was not kept or never there'),
    valueCut: z.boolean(),
    error: z.object({ code: z.string(), message: z.string() }),
    failedAt: time,
    sagaId: z.string().nullable(),
    messageId: z.string().nullable().describe('Its ce_id: the same one if it fails again after a redrive'),
    redrivenBefore: z.int().describe('How often it had been redriven when it failed this time'),
    status,
    decision: z.object({ at: time, by: z.string(), reason: z.string() }).nullable(),
    actions: z.array(z.enum(['redrive', 'discard'])).describe('What is possible now'),
    advice: z.string().describe('In a sentence, for people'),
    links: z.object({ self: z.string(), saga: z.string().nullable() }),
  })
  .meta({ id: 'DeadLetter' });

export const deadLetterKind = {
  service: z.string().optional().describe('Who could not read or handle it'),
  topic: z.string().optional(),
  code: z.string().optional().describe('Of the error'),
};

export const deadLetterFilter = { ...deadLetterKind, status: status.optional(), sagaId: z.guid().optional() };

export const openSchema = z
  .object({
    open: z.int(),
    kinds: z.array(
      z.object({ service: z.string(), topic: z.string(), code: z.string(), letters: z.int(), oldest: time }),
    ),
  })
  .meta({ id: 'OpenDeadLetters' });

const MAX_REASON = 500;
export const why = {
  reason: z.string().trim().min(1).max(MAX_REASON).describe('Why: it stands beside the dead letter and in the audit'),
};

const MAX_REDRIVES = 1_000;
export const redriveMany = z.strictObject({
  ...why,
  ...deadLetterKind,
  limit: z.int().min(1).max(MAX_REDRIVES).describe('The most to redrive now: the oldest'),
});

export const redrivenSchema = z
  .object({
    redriven: z.int(),
    open: z.int().describe('How many of this kind are still open'),
    left: z
      .array(z.object({ letters: z.int(), why: z.string().describe('In a sentence, for people') }))
      .describe('How many of these it never takes, and why; the others were beyond the limit: ask again'),
  })
  .meta({ id: 'RedrivenDeadLetters' });
