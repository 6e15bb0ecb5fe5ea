import { type CommonConfig, ConfigError } from './config.ts';

type Mechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512';

/** As whom to log in to Kafka, and how. */
export type KafkaLogin = { [Of in Mechanism]: { mechanism: Of; username: string; password: string } }[Mechanism];

/** @throws ConfigError when a way to log in is set without who logs in. */
export function kafkaLogin(config: CommonConfig): KafkaLogin | undefined {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = config;
  if (mechanism === undefined) return undefined;
  if (username === undefined || password === undefined)
    throw new ConfigError(['KAFKA_SASL_MECHANISM is set: KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD must be, too']);
  return { mechanism, username, password };
}
