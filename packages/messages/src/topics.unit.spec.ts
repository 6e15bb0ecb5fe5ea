import { expect, test } from 'vitest';
import { z } from 'zod';
import { allTopics, topics } from './topics.ts';

type JsonSchema = {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  maxLength?: number;
  maxItems?: number;
  format?: string;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
};

const BYTES_OF_NUMBER = 24;
const BYTES_OF_UUID = 38;
/** A control character: \\u0001. */
const BYTES_OF_CHARACTER = 6;

/** How many bytes of JSON a value of this schema can have; infinitely many where it has no bounds. */
function largest(schema: JsonSchema): number {
  const { type, anyOf, oneOf, items, properties } = schema;
  const options = anyOf ?? oneOf;
  if (options) return Math.max(...options.map(largest));
  if (schema.const !== undefined) return JSON.stringify(schema.const).length;
  if (schema.enum) return Math.max(...schema.enum.map((each) => JSON.stringify(each).length));
  if (type === 'null' || type === 'integer' || type === 'number' || type === 'boolean') return BYTES_OF_NUMBER;
  if (type === 'array' && items && schema.maxItems !== undefined) return schema.maxItems * (largest(items) + 1) + 2;
  if (type === 'object' && properties)
    return Object.entries(properties).reduce((sum, [name, each]) => sum + name.length + 4 + largest(each), 2);
  if (type === 'string' && schema.maxLength !== undefined) return schema.maxLength * BYTES_OF_CHARACTER + 2;
  return schema.format === 'uuid' || schema.format === 'guid' ? BYTES_OF_UUID : Number.POSITIVE_INFINITY;
}

/** A dead letter holds whatever came, and is bounded where it is made. */
test.each(allTopics.filter((topic) => topic !== 'dead-letter'))('every %s is small enough for any broker', (topic) => {
  expect(largest(z.toJSONSchema(topics[topic], { io: 'input' }) as JsonSchema)).toBeLessThan(100_000);
});
