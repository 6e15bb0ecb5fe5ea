import { isIP } from 'node:net';
import { type Base, type BaseOptions, SASLMechanisms } from '@platformatic/kafka';
import type { KafkaClientOptions } from '../kafka-client.ts';

const CONNECT_TIMEOUT_MS = 3_000;
/** A broker that does not answer for so long is hung (stopped, partitioned): the request is made again elsewhere. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** Leaders that moved are learned of by their refusals, not by looking. */
const METADATA_MAX_AGE_MS = 300_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

const MECHANISMS = {
  plain: SASLMechanisms.PLAIN,
  'scram-sha-256': SASLMechanisms.SCRAM_SHA_256,
  'scram-sha-512': SASLMechanisms.SCRAM_SHA_512,
} as const;

/** As the library has it. How often something is repeated is up to who makes the client: by itself, it repeats nothing. */
export function connectionSettings({ brokers, clientId, ssl, sasl }: KafkaClientOptions): BaseOptions {
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    autocreateTopics: false,
    retries: 0,
    retryDelay: (_client, _operation, attempt) => pauseAfter(attempt),
    // A server name (SNI) is the broker's host; an address is none.
    ...(ssl && { tls: {}, tlsServerName: !brokers.every(isAddress) }),
    ...(sasl && { sasl: { mechanism: MECHANISMS[sasl.mechanism], username: sasl.username, password: sasl.password } }),
  };
}

/**
 * A connection that breaks while it logs in says so twice, and the library listens once: an error event that nobody
 * hears would end the process.
 */
export function hearingEveryError<Client extends Pick<Base, 'connections'>>(client: Client): Client {
  client.connections.on('connecting', ({ connection }) => connection.on('error', () => {}));
  return client;
}

/** How long to wait before trying again what failed so many times, the first time being 1. */
export const pauseAfter = (failures: number): number =>
  Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);

const isAddress = (broker: string): boolean => isIP(broker.slice(0, broker.lastIndexOf(':'))) !== 0;
