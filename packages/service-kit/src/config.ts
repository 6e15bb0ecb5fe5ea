import { z } from 'zod';
import { wholeNumber } from './whole-number.ts';

export { wholeNumber };

/**
 * Settings come from the environment and keep its names everywhere (`config.MAX_BATCH`): a name found in a manifest
 * is found in the code and in docs/configuration.md. Every setting says in its description what it is for and in
 * which unit. A variable that is set but empty counts as not set.
 */
export const commonConfig = (defaultPort: number) => ({
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be a postgresql:// URL' })
    .meta({ description: "The service's database: a URL of its own role", secret: true }),
  POOL_SIZE: wholeNumber(2, 200)
    .default(10)
    .describe(
      'Connections to the database per replica: the orchestrator handles several batches at a time, all others one',
    ),
  STATEMENT_TIMEOUT_MS: wholeNumber(100, 600_000)
    .default(10_000)
    .describe('A statement that takes longer, in milliseconds, is cancelled and repeated'),
  KAFKA_BROKERS: commaList(/^[^\s:,]+:\d{1,5}$/, 'a comma-separated list of host:port')
    .default(['localhost:9092'])
    .describe('Where Kafka is: host:port, several separated by commas'),
  KAFKA_CLIENT: oneOf('kafkajs', 'platformatic')
    .default('kafkajs')
    .describe('Which client library speaks to Kafka (docs/adr/0021)'),
  KAFKA_SSL: z
    .stringbool({ truthy: ['true'], falsy: ['false'], error: 'must be true or false' })
    .default(false)
    .describe('Talk to Kafka over TLS'),
  KAFKA_SASL_MECHANISM: oneOf('plain', 'scram-sha-256', 'scram-sha-512')
    .optional()
    .describe('How to log in to Kafka; without it there is no login'),
  KAFKA_SASL_USERNAME: z.string().optional().describe('The Kafka user'),
  KAFKA_SASL_PASSWORD: z.string().optional().meta({ description: "The Kafka user's password", secret: true }),
  TOPIC_PREFIX: z
    .string()
    .max(100)
    .regex(/^[\w.-]*$/, 'may contain letters, digits, dot, dash and underscore')
    .default('')
    .describe('Stands before every topic and consumer group, so that several installations share one Kafka'),
  PARTITIONS: wholeNumber(1, 1_000).default(12).describe('Partitions of every topic that is created'),
  MAX_BATCH: wholeNumber(1, 10_000).default(500).describe('The most messages in one transaction'),
  INBOX_DAYS: wholeNumber(1, 3_650)
    .default(30)
    .describe("Days that handled messages are remembered: longer than the topics' retention"),
  RETENTION_DAYS: wholeNumber(1, 36_500)
    .default(90)
    .describe('Days that what has ended is kept; then it is forgotten. More than INBOX_DAYS'),
  HOST: z.string().default('127.0.0.1').describe('The address to listen on; 0.0.0.0 means all'),
  PORT: wholeNumber(0, 65_535).default(defaultPort).describe('The port to listen on; 0 means any free one'),
  LOG_LEVEL: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent')
    .default('info')
    .describe('The least important lines that are logged'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .optional()
    .describe('Where traces are sent over OTLP/HTTP; without it none are'),
});
export type CommonConfig = z.infer<z.ZodObject<ReturnType<typeof commonConfig>>>;

/** One of these words. */
const oneOf = <const Words extends readonly string[]>(...words: Words) =>
  z.enum(words, { error: `must be one of ${words.join(', ')}` });

/** Where a service answers over HTTP; a slash at the end is taken off. */
export const serviceUrl = (ownDefault: string) =>
  z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .default(ownDefault)
    .transform((url) => url.replace(/\/+$/, ''));

/** Items separated by commas, each of this form, at least one. */
export function commaList(item: RegExp, form: string) {
  const error = `must be ${form}`;
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(z.string().regex(item, error)).min(1, error));
}

/** The service cannot start as it is set up: a line for each thing that the person who starts it has to change. */
export class ConfigError extends Error {
  override name = 'ConfigError';

  constructor(lines: readonly string[], options?: ErrorOptions) {
    super(lines.join('\n'), options);
  }
}

/**
 * The typed settings of an environment.
 *
 * @throws ConfigError with a line for every variable that is missing or wrong; secrets are not repeated in it.
 */
export function readConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  env: NodeJS.ProcessEnv,
): z.infer<z.ZodObject<Shape>> {
  const given = Object.fromEntries(Object.keys(shape).map((name) => [name, env[name] || undefined]));
  const parsed = z.object(shape).safeParse(given);
  if (parsed.success) return parsed.data;
  const faults = new Map(parsed.error.issues.map((issue) => [String(issue.path[0]), issue.message]));
  throw new ConfigError([...faults].map(([name, problem]) => faultLine(name, shape[name], given[name], problem)));
}

function faultLine(name: string, setting: z.core.$ZodType | undefined, value: string | undefined, problem: string) {
  const { description, secret } = (setting && z.globalRegistry.get(setting)) ?? {};
  const purpose = description === undefined ? '' : ` (${description})`;
  if (value === undefined) return `${name} is not set${purpose}`;
  const shown = secret === true ? '' : ` is ${JSON.stringify(value)} and`;
  return `${name}${shown} ${problem}${purpose}`;
}

/** The values that must never be seen in a log line. */
export function secretsOf(shape: z.ZodRawShape, config: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(shape)
    .filter(([, setting]) => z.globalRegistry.get(setting)?.secret === true)
    .map(([name]) => config[name])
    .filter((value) => typeof value === 'string');
}
