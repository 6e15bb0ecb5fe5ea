import net from 'node:net';
import tls from 'node:tls';
import { type ISocketFactoryArgs, Kafka, logLevel, type RetryOptions } from 'kafkajs';
import type { KafkaClientOptions } from '../kafka-client.ts';
import { logCreator } from './log-creator.ts';

/**
 * Bounds of one attempt of kafkajs' own. They are short, because whoever called repeats for as long as it takes, with a
 * fresh connection. All five are given: kafkajs has other defaults where NODE_ENV is `test`.
 */
export const RETRY: RetryOptions = {
  initialRetryTime: 100,
  maxRetryTime: 1_000,
  factor: 0.2,
  multiplier: 2,
  retries: 3,
};

const CONNECTION_TIMEOUT_MS = 3_000;
/** A broker that does not answer for so long is hung (stopped, partitioned): the request is made again elsewhere. */
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_DELAY_MS = 60_000;

/**
 * Makes a client for each producer, consumer and admin: kafkajs keeps committed offsets per client and group, so that
 * two members of a group must not share one. They log as one.
 */
export function kafkaClients({ brokers, clientId, ssl, sasl, logger }: KafkaClientOptions): () => Kafka {
  const logsTo = logCreator(logger);
  return () =>
    new Kafka({
      brokers: [...brokers],
      clientId,
      ssl,
      ...(sasl && { sasl }),
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      retry: RETRY,
      socketFactory,
      logLevel: logger.isLevelEnabled('trace') ? logLevel.DEBUG : logLevel.INFO,
      logCreator: logsTo,
    });
}

/** As kafkajs' own, but without Nagle's algorithm: a small request must not wait for the last one's acknowledgement. */
function socketFactory({ host, port, ssl, onConnect }: ISocketFactoryArgs): net.Socket {
  const socket = ssl
    ? tls.connect({ host, port, ...(net.isIP(host) === 0 && { servername: host }), ...ssl }, onConnect)
    : net.connect({ host, port }, onConnect);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
  return socket;
}
