import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { generatedFolder, prismaFolder, schemaFile } from './prisma-folder.ts';
import { runProgram } from './run-program.ts';
import { type ServiceName, serviceNames } from './service-name.ts';

/** Prisma is one process per schema, and each keeps one core busy for about a second. */
const AT_ONCE = 2;
const GENERATE_TIMEOUT_MS = 120_000;
const STAMP = 'generated-from.txt';

const require = createRequire(import.meta.url);

/**
 * Generates the Prisma client of every service whose schema, or whose Prisma, is another than when it was generated
 * last; does nothing, quickly, when all are current. Several processes may do it at once: each client is made aside
 * and moved into place whole.
 *
 * @returns the services whose clients were generated.
 * @throws Error with Prisma's own words when a schema is wrong.
 */
export async function generateClients(services: readonly ServiceName[] = serviceNames): Promise<ServiceName[]> {
  const stamps = await Promise.all(services.map(async (service) => ({ service, stamp: await stampOf(service) })));
  const current = await Promise.all(stamps.map(({ service, stamp }) => isCurrent(service, stamp)));
  const outdated = stamps.filter((_, index) => !current[index]);
  const waiting = [...outdated];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await generate(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return outdated.map(({ service }) => service);
}

async function stampOf(service: ServiceName): Promise<string> {
  const { version } = require('prisma/package.json');
  return createHash('sha256')
    .update(`prisma ${version}\n`)
    .update(await readFile(schemaFile(service)))
    .digest('hex');
}

async function isCurrent(service: ServiceName, stamp: string): Promise<boolean> {
  try {
    return (await readFile(path.join(generatedFolder(service), STAMP), 'utf8')) === stamp;
  } catch {
    return false; // not generated yet
  }
}

async function generate({ service, stamp }: { service: ServiceName; stamp: string }): Promise<void> {
  const aside = await mkdtemp(path.join(prismaFolder, service, '.generating-'));
  try {
    await cp(schemaFile(service), path.join(aside, 'schema.prisma'));
    await runPrisma(service, path.join(aside, 'schema.prisma'));
    await writeFile(path.join(aside, 'generated', STAMP), stamp);
    await rm(generatedFolder(service), { recursive: true, force: true });
    await rename(path.join(aside, 'generated'), generatedFolder(service)).catch(async (error: Error) => {
      // Another process has moved the same client into place meanwhile.
      if (!(await isCurrent(service, stamp))) throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function runPrisma(service: ServiceName, schema: string): Promise<void> {
  const manifest = require.resolve('prisma/package.json');
  const program = path.join(path.dirname(manifest), require(manifest).bin.prisma);
  await promisify(execFile)(process.execPath, [program, 'generate', '--no-hints', '--schema', schema], {
    cwd: prismaFolder,
    timeout: GENERATE_TIMEOUT_MS,
    env: {
      ...process.env,
      // Generating a client needs no schema engine, but Prisma would download it first, unless one is given.
      PRISMA_SCHEMA_ENGINE_BINARY: process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? '/bin/true',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
  }).catch((error: { stderr?: string; message: string }) => {
    throw new Error(`the Prisma client of ${service} cannot be generated: ${error.stderr?.trim() || error.message}`);
  });
}

if (import.meta.main) {
  await runProgram(async () => {
    const generated = await generateClients();
    if (generated.length > 0) console.log(`Prisma clients generated: ${generated.join(', ')}`);
  });
}
