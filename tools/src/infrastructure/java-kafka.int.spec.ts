import { spawnSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findJava } from './java.ts';
import { removeJavaKafka, startJavaKafka } from './java-kafka.ts';
import { kafkaJars } from './kafka-jars.ts';
import { identityOf, isAlive } from './process-identity.ts';

const found = await findJava(process.env);

describe.skipIf('missing' in found)('a broker on Java', () => {
  const java = 'java' in found ? found.java : '';
  const cache = path.resolve(import.meta.dirname, '../../../.data/cache');
  let dataDir: string;
  let jars: string;
  const options = () => ({ java, jars, dataDir, logFile: path.join(dataDir, 'kafka.log'), shortLived: true });

  beforeAll(async () => {
    jars = await kafkaJars({ cacheDir: cache, say: console.error });
    dataDir = path.join(await mkdtemp(path.join(tmpdir(), 'java kafka ')), 'data');
  });
  afterAll(() => removeJavaKafka(dataDir));

  it('keeps its topics when its starter is killed, and the next start stops it first', async () => {
    const left = leaveBroker();
    const kafka = await startJavaKafka(options());
    expect(left !== undefined && isAlive(left)).toBe(false);
    expect(await topicsOf(kafka.brokers)).toEqual(['kept']);
    await kafka.stop();
    expect(identityOf(kafka.pid)).toBeUndefined();
  });

  /** A process that starts a broker, makes a topic and is killed. */
  function leaveBroker() {
    const library = path.join(import.meta.dirname, 'java-kafka.ts');
    const program = `
      import { Kafka, logLevel } from 'kafkajs';
      import { startJavaKafka } from ${JSON.stringify(library)};
      const { brokers, pid } = await startJavaKafka(${JSON.stringify(options())});
      const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
      await admin.createTopics({ topics: [{ topic: 'kept' }], waitForLeaders: true });
      process.stdout.write(String(pid), () => process.kill(process.pid, 'SIGKILL'));`;
    const run = { encoding: 'utf8', cwd: import.meta.dirname } as const;
    const { stdout, stderr, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program], run);
    expect(signal, stderr).toBe('SIGKILL');
    return identityOf(Number(stdout));
  }
});

async function topicsOf(brokers: string[]): Promise<string[]> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await admin.listTopics();
  } finally {
    await admin.disconnect();
  }
}
