import { randomUUID } from 'node:crypto';

/** Keeps the topics and consumer groups of one test file from those of all others on the same Kafka. */
export const testTopicPrefix = (): string => `test-${randomUUID().slice(0, 8)}-`;
