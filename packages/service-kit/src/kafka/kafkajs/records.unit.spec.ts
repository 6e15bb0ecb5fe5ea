import { createRequire } from 'node:module';
import { Reader, readRecordsBatch } from '@platformatic/kafka';
import fc from 'fast-check';
import { expect, test } from 'vitest';

// How kafkajs writes and reads records is patched, and has no types.
const require = createRequire(import.meta.url);
const PROTOCOL = 'kafkajs/src/protocol';
const recordOf: (given: object) => object = require(`${PROTOCOL}/recordBatch/record/v0`);
const { RecordBatch: batchOf }: { RecordBatch: (given: object) => Promise<{ buffer: Buffer }> } = require(
  `${PROTOCOL}/recordBatch/v0`,
);
const Decoder: new (bytes: Buffer) => object = require(`${PROTOCOL}/decoder`);
const readBatch: (decoder: object) => Promise<{ records: Read[] }> = require(`${PROTOCOL}/recordBatch/v0/decoder`);
type Read = { offset: string; timestamp: string; key: Buffer | null; value: Buffer | null; headers: object };

const bytes = fc
  .oneof(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ minLength: 8_000, maxLength: 9_000 }))
  .map((each) => Buffer.from(each));
// Some are names of what every object has.
const name = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom('constructor', '__proto__', ''));
/** Of each name the value, or several. */
const values = fc.oneof(bytes, fc.array(bytes, { minLength: 2, maxLength: 3 }));
const headers = fc.uniqueArray(fc.tuple(name, values), { maxLength: 9, selector: ([each]) => each });
const record = fc.record({ key: fc.option(bytes), value: fc.option(bytes), headers });
const records = fc.array(record, { minLength: 1, maxLength: 100 });

// A digit more than a double can count.
const FIRST_OFFSET = 9_007_199_254_740_993n;
const FIRST_TIMESTAMP = 1_700_000_000_000;

test('a batch of records is read as it was given: by kafkajs itself, and by another client', async () => {
  await fc.assert(
    fc.asyncProperty(records, fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), async (given, timestampDelta) => {
      const expected = given.map(({ key, value, headers }, index) => ({
        ...{ key, value, headers: byName(headers) },
        offset: String(FIRST_OFFSET + BigInt(index)),
        timestamp: String(FIRST_TIMESTAMP + timestampDelta),
      }));
      const { buffer } = await batchOf({
        firstOffset: { value: FIRST_OFFSET },
        firstTimestamp: FIRST_TIMESTAMP,
        lastOffsetDelta: given.length - 1,
        records: given.map(({ key, value, headers }, offsetDelta) =>
          recordOf({ key, value, headers: Object.fromEntries(headers), offsetDelta, timestampDelta }),
        ),
      });

      const byKafkajs = await readBatch(new Decoder(buffer));
      expect(
        byKafkajs.records.map(({ key, value, headers, offset, timestamp }) => ({
          ...{ key, value, headers: byName(Object.entries(headers)) },
          ...{ offset, timestamp },
        })),
      ).toEqual(expected);

      const { firstOffset, firstTimestamp, records } = readRecordsBatch(Reader.from(buffer));
      expect(
        records.map(({ key, value, headers, offsetDelta, timestampDelta }) => ({
          ...{ key, value, headers: byName(grouped(headers)) },
          offset: String(firstOffset + BigInt(offsetDelta)),
          timestamp: String(firstTimestamp + timestampDelta),
        })),
      ).toEqual(expected);
    }),
    { numRuns: 40 },
  );
});

/** An object puts names that are numbers first. */
const byName = (headers: readonly (readonly [unknown, unknown])[]): readonly (readonly [string, unknown])[] =>
  headers.map(([each, value]) => [String(each), value] as const).sort(([a], [b]) => (a < b ? -1 : 1));

/** As kafkajs has them: a value, or several, of each name. */
function grouped(headers: readonly (readonly [unknown, unknown])[]): [string, unknown][] {
  const values = Map.groupBy(headers, ([each]) => String(each));
  return [...values].map(([each, entries]) => [
    each,
    entries.length === 1 ? entries[0]?.[1] : entries.map(([, value]) => value),
  ]);
}
