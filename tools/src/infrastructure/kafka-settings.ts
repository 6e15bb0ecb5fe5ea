/** Where a broker of this machine listens, and where its controller does. */
export type KafkaPorts = { broker: number; controller: number };

export type KafkaPlace = {
  /** Where it listens, and what it tells clients to connect to. */
  listen: KafkaPorts & { host: string };
  advertised: string;
  /** Keeps the messages. */
  logDir: string;
};

/**
 * The settings of a single KRaft node for a small machine: one or two threads of each kind use a third less of an idle
 * processor than Kafka's own numbers, and nothing is replicated.
 */
export function kafkaSettings({ listen, advertised, logDir }: KafkaPlace): Record<string, string | number | boolean> {
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${listen.controller}`,
    listeners: `PLAINTEXT://${listen.host}:${listen.broker},CONTROLLER://127.0.0.1:${listen.controller}`,
    'advertised.listeners': `PLAINTEXT://${advertised}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': logDir,

    'auto.create.topics.enable': false,
    'default.replication.factor': 1,
    'min.insync.replicas': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,

    // Shorter than the inbox remembers (INBOX_DAYS), in segments that a laptop can spare.
    'log.retention.hours': 7 * 24,
    'log.segment.bytes': 64 * 1024 * 1024,
    'offsets.retention.minutes': 30 * 24 * 60,

    'num.io.threads': 2,
    'num.network.threads': 1,
    'background.threads': 1,
    'log.cleaner.threads': 1,
    'group.coordinator.threads': 1,
    'share.coordinator.threads': 1,
    'num.recovery.threads.per.data.dir': 2,
  };
}
