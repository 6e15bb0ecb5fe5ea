import { kafkaVersion } from './kafka-jars.ts';
import { waitForKafka } from './kafka-readiness.ts';
import { kafkaSettings } from './kafka-settings.ts';
import { freePorts } from './ports.ts';

const INSIDE = { host: '0.0.0.0', broker: 9092, controller: 9093 };

/** Apache's own image. The container, and all messages in it, are gone after `stop`, or when this process ends. */
export async function startDockerKafka(): Promise<{ brokers: string[]; stop(): Promise<void> }> {
  const { GenericContainer, getContainerRuntimeClient } = await import('testcontainers');
  const { host } = (await getContainerRuntimeClient()).info.containerRuntime;
  // Kafka tells its clients where to connect: the port outside has to be known before the container is.
  const [port = 0] = await freePorts(1);
  const broker = `${host}:${port}`;
  const settings = kafkaSettings({ listen: INSIDE, advertised: broker, logDir: '/tmp/kraft-combined-logs' });
  const container = await new GenericContainer(`apache/kafka:${await kafkaVersion()}`)
    .withExposedPorts({ container: INSIDE.broker, host: port })
    .withEnvironment({ KAFKA_HEAP_OPTS: '-Xmx512m', ...asEnvironment(settings) })
    .start();
  const stop = async () => void (await container.stop());
  try {
    await waitForKafka(broker, () => undefined);
  } catch (error) {
    await stop();
    throw error;
  }
  return { brokers: [broker], stop };
}

/** As the image wants it: `log.dirs` is `KAFKA_LOG_DIRS`. */
function asEnvironment(settings: ReturnType<typeof kafkaSettings>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`,
      String(value),
    ]),
  );
}
