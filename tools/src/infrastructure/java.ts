import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/** Kafka 4 runs on nothing older. */
const OLDEST = 17;

/**
 * The Java of `JAVA_HOME`, else that of the path, if it is new enough for Kafka.
 *
 * @returns its program, or in a few words why there is none.
 */
export async function findJava(env: NodeJS.ProcessEnv): Promise<{ java: string } | { missing: string }> {
  const java = env.JAVA_HOME ? path.join(env.JAVA_HOME, 'bin', 'java') : 'java';
  try {
    // It tells its version on the standard error output: openjdk version "17.0.15" 2025-04-15
    const { stderr } = await promisify(execFile)(java, ['-version'], { env });
    const version = /version "(\d+)/.exec(stderr)?.[1];
    return Number(version) >= OLDEST ? { java } : { missing: `Java is ${version}, but Kafka needs ${OLDEST}` };
  } catch {
    return { missing: `there is no Java ${OLDEST}` };
  }
}
