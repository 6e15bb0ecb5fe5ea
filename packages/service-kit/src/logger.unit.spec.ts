import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.ts';

function logged(write: (logger: ReturnType<typeof createLogger>) => void, level = 'info'): string[] {
  const lines: string[] = [];
  const secrets = ['hu"sh', 'postgresql://product:s3cret@localhost:5432/saga'];
  write(createLogger({ service: 'product', level, secrets }, { write: (line: string) => lines.push(line) }));
  return lines;
}

describe('createLogger', () => {
  it('writes one JSON object per line, with the service and the saga', () => {
    const [line = ''] = logged((logger) => logger.info({ sagaId: 's1' }, 'reserved'));
    expect(JSON.parse(line)).toMatchObject({ level: 'info', service: 'product', sagaId: 's1', msg: 'reserved' });
    expect(line.endsWith('\n')).toBe(true);
  });

  it('leaves out what is below its level', () => {
    expect(logged((logger) => logger.info('chatter'), 'warn')).toEqual([]);
  });

  it.each([
    ['an authorization header', { req: { headers: { authorization: 'Bearer abc' } } }, 'abc'],
    ['a password in a URL', { url: 'postgresql://coupon:pa55@db/saga' }, 'pa55'],
    ["a secret in an error's message", { err: new Error('login with hu"sh failed') }, 'hu\\"sh'],
    ['the database URL', { msg: 'cannot reach postgresql://product:s3cret@localhost:5432/saga' }, 's3cret'],
  ])('blots out %s', (_what, fields, secret) => {
    const [line = ''] = logged((logger) => logger.error(fields));
    expect(line).toContain('[redacted]');
    expect(line).not.toContain(secret);
    expect(() => JSON.parse(line)).not.toThrow();
  });
});
